/* A handler's frame on aarch64; see ../signal_frame.h (arch/arm64/include/uapi/asm/ucontext.h and sigcontext.h). */
struct signal_frame { /* ucontext_t */
	uint64_t flags, link;
	struct signal_stack stack;
	uint64_t mask;
	uint64_t unused[15]; /* for a longer mask */
	uint64_t padding;
	uint64_t fault_address, x[31], sp, pc, pstate;
};
/* There is no second one. */
enum { SIGNAL_FRAME_MASK_COPY = offsetof(struct signal_frame, mask) };
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
