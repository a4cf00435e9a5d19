/* Floor 0: what the kernel puts on the stack for a handler, as far as we read or change it (arch/x86/include/uapi/asm/sigcontext.h,
 * include/uapi/asm-generic/ucontext.h and siginfo.h). */
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
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint64_t segments, error, trap, old_mask, cr2, floating, reserved[8];
	uint64_t mask;
};
_Static_assert(offsetof(struct signal_frame, r8) == 40 && offsetof(struct signal_frame, mask) == 296, "the kernel's layout");

static inline uint64_t signal_frame_pc(const struct signal_frame *frame)
{
	return frame->rip;
}

static inline void signal_frame_continue(struct signal_frame *frame, uint64_t at)
{
	frame->rip = at;
}

static inline uint64_t signal_frame_sp(const struct signal_frame *frame)
{
	return frame->rsp;
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
