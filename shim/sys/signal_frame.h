/* Floor 0: what the kernel puts on the stack for a handler, as far as we read or change it (include/uapi/asm-generic/ucontext.h and siginfo.h). */
#ifndef SHIM_SYS_SIGNAL_FRAME_H
#define SHIM_SYS_SIGNAL_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct signal_stack { /* stack_t */
	void *at;
	int32_t flags;
	size_t size;
};
enum { STACK_IN_USE = 1 /* SS_ONSTACK */, STACK_DISABLED = 2 /* SS_DISABLE */ };
#define STACK_DISARMS (1u << 31) /* SS_AUTODISARM */

#if defined __x86_64__
#include "x86_64/signal_frame.h"
#elif defined __aarch64__
#include "aarch64/signal_frame.h"
#endif

struct signal_information { /* siginfo_t: SIGSYS and timers */
	int32_t signal, error, code, padding;
	union {
		struct {
			uint64_t address;
			int32_t number;
			uint32_t architecture;
		} call;
		struct {
			int32_t timer, overrun;
			uint64_t value;
		} timer;
	};
};

#endif
