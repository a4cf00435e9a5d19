/* Floor 0: what the kernel puts on the stack for a handler, as far as we read or change it (arch/arm64/include/uapi/asm/ucontext.h and
 * sigcontext.h, include/uapi/asm-generic/siginfo.h). */
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

struct signal_frame { /* ucontext_t */
	uint64_t flags, link;
	struct signal_stack stack;
	uint64_t mask;
	uint64_t unused[15]; /* for a longer mask */
	uint64_t padding;
	uint64_t fault_address, x[31], sp, pc, pstate;
};
_Static_assert(offsetof(struct signal_frame, mask) == 40 && offsetof(struct signal_frame, fault_address) == 176, "the kernel's layout");

static inline uint64_t signal_frame_pc(const struct signal_frame *frame)
{
	return frame->pc;
}

static inline void signal_frame_continue(struct signal_frame *frame, uint64_t at)
{
	frame->pc = at;
}

static inline uint64_t signal_frame_sp(const struct signal_frame *frame)
{
	return frame->sp;
}

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
