/* A handler's frame on x86-64; see ../signal_frame.h (arch/x86/include/uapi/asm/sigcontext.h). */
struct signal_frame { /* ucontext_t */
	uint64_t flags, link;
	struct signal_stack stack;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint64_t segments, error, trap, old_mask, cr2, floating, reserved[8];
	uint64_t mask;
};
/* The kernel writes the mask there twice, and goes by the other one. */
enum { SIGNAL_FRAME_MASK_COPY = offsetof(struct signal_frame, old_mask) };
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
