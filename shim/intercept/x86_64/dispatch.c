/* Dispatch on x86-64: the handler of SIGSYS. It holds no policy: a call that was trapped is resumed at `dispatched` (entry.S), outside of
 * this handler, and goes from there to the gate; a tick goes to latency.c. It runs on the alternate stack with every signal blocked.
 *
 * SIGSYS is not queued: one that is thread-directed and pending displaces a dispatch, whose call is then skipped by the kernel
 * (kernel/entry/syscall_user_dispatch.c, trigger_sigsys). So a SIGSYS of any other code is taken for a dispatch as well where the
 * registers say that a call outside of our text has just been made: rcx holds rip only behind a `syscall`. In our own text nothing is ever
 * a dispatch. */
#include "../intercept.h"
#include "../../process/life.h"
#include "../../sys/clock.h"
#include "../../sys/memory.h"

#include <linux/poll.h>

#include "../../sys/poison.h"

enum { USER_DISPATCH = 2 /* SYS_USER_DISPATCH */, BY_TIMER = -2 /* SI_TIMER */, SYS = 31 };
#define THIS_PROCESSOR 0xc000003eu /* AUDIT_ARCH_X86_64 */
#define X32 0x40000000u

extern const char dispatched[], dispatched_sigreturn[];

static void on_sys(int signal, struct signal_information *information, struct signal_frame *frame);

static int is_displaced(const struct signal_frame *frame)
{
	unsigned char instruction[2];

	return !arm_in_text(frame->rip) && arm_is_blocking() && frame->rcx == frame->rip &&
	       memory_read(instruction, frame->rip - 2, 2) == 2 && instruction[0] == 0x0f && instruction[1] == 0x05;
}

static void redirect(struct signal_frame *frame)
{
	if ((uint32_t)frame->rax == __NR_rt_sigreturn) {
		frame->rip = (uint64_t)dispatched_sigreturn;
		/* Its frame is still on the stack: another signal now would stand on top of it, and in a flood one on the other. What it flushes
		 * must not wait then. */
		if (!word_fill(batch->word) || batch->target == TARGET_FILE)
			frame->mask = ~0ul;
		return;
	}
	frame->rcx = frame->r11 = frame->rip;
	frame->rip = (uint64_t)dispatched;
}

/* i386's int $0x80 and x32: other numbers, which our table does not know. What is buffered for a pipe that is full goes out before: for so long the instruction is trapped again, and signals come
 * in between. */
static void execute_there(struct process *p, struct signal_frame *frame)
{
	struct pollfd room = {batch->fd, POLLOUT, 0};

	batch->traps++;
	batch_flush(p, batch, END_BEFORE, BATCH_NO_WAIT);
	if (word_fill(batch->word))
		RAW(__NR_poll, &room, 1, 1 /* ms */);
	else
		arm_look_away(batch, 0);
	frame->rip -= 2;
}

/* The program's own SIGSYS, from wherever: it gets the real one back, with its disposition and its mask, for good. */
static void give_back(struct process *p, const struct signal_information *information, struct signal_frame *frame)
{
	int is_blocked = (frame->mask & MASK_PROXY) != 0;

	if (p && batch && p->alive == 1 && process_is_ours(p))
		arm_let_go(p, batch, LET_GO_SIGSYS, REACH_FAMILY, frame);
	/* A child that borrows our memory, or one that nobody has seen yet. */
	if (signals_are_caught((const void *)on_sys))
		signals_catch(NULL);
	if (!is_blocked)
		frame->mask &= ~MASK_SYS;
	RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), SYS, information);
}

static void take(struct process *p, const struct signal_information *information, struct signal_frame *frame)
{
	if (information->code == USER_DISPATCH) {
		if (information->call.architecture != THIS_PROCESSOR || (uint32_t)frame->rax & X32)
			execute_there(p, frame);
		else
			redirect(frame);
		return;
	}
	if (information->code == BY_TIMER && information->timer.value == LATENCY_VALUE) {
		if (p && batch && p->alive == 1 && batch->armed && process_is_ours(p))
			latency_tick(p, batch);
		return;
	}
	int displaced = is_displaced(frame);
	give_back(p, information, frame);
	if (displaced)
		redirect(frame);
}

static void on_sys(int signal, struct signal_information *information, struct signal_frame *frame)
{
	(void)signal;
	/* NB: not by way of the gate, which reads the clock. */
	if (information->code == USER_DISPATCH && frame->rax == __NR_clock_gettime && clock_has_trapped()) {
		frame->rax = (uint64_t)RAW(__NR_clock_gettime, frame->rdi, frame->rsi);
		return;
	}
	blocked_enter();
	take(process, information, frame);
	blocked_leave();
}

void dispatch_start(uint64_t text, uint64_t size)
{
	arm_know(on_sys, text, size);
}
