/* Our handlers for signals that end or stop the process, and for faults; see signals.c. */
#include "dispositions.h"
#include "../record/log.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

/* The source of a coalesced write is a mapped file that somebody has truncated: the copy says so, and the kernel gets the write. A signal
 * that somebody has sent (code <= 0) is no fault, wherever it comes. */
static int is_failed_copy(const struct signal_information *information, struct signal_frame *frame)
{
	if (information->code <= 0 || information->code == MEMORY_LATER || signal_frame_pc(frame) < (uint64_t)program_copy || signal_frame_pc(frame) >= (uint64_t)program_copy_end)
		return 0;
	signal_frame_continue(frame, (uint64_t)program_copy_failed);
	return 1;
}

/* Stands in front of the program's own handlers for faults while armed. What is not our copy's: nothing is buffered any more, the kernel gets
 * the program's disposition back, and the fault happens again, or the signal is sent again. */
void signal_on_fault(int signal, struct signal_information *information, struct signal_frame *frame)
{
	struct process *p = process;

	if (is_failed_copy(information, frame))
		return;
	/* Sent to a program that ignores it. A real fault is not ignored by the kernel either: it kills when it happens again. */
	int sent = information->code <= 0 || information->code == MEMORY_LATER;
	if (sent && signals.view[signal].handler == SIGNAL_IGNORED)
		return;
	blocked_enter();
	if (p && p->alive == 1 && batch && process_is_ours(p))
		arm_let_go(p, batch, LET_GO_FAULT, REACH_PROCESS, frame);
	else
		set_action(signal, &signals.view[signal], NULL);
	blocked_leave();
	/* A trap does not happen again: it stands behind its instruction. */
	if (signal == TRAP && signals.view[signal].handler == SIGNAL_IGNORED)
		set_action(signal, &(struct action){0, RESTORER, signal_return, 0}, NULL);
	if (sent || signal == TRAP)
		RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), signal, information);
}

void signal_on_fatal(int signal, void *information, void *context)
{
	struct process *p = process;
	struct action fallback = {0, RESTORER, signal_return, 0};

	if ((signal == BUS || signal == SEGV) && is_failed_copy(information, context))
		return;
	blocked_enter();
	if (p && p->alive == 1) {
		if (batch && process_is_ours(p))
			batch_flush(p, batch, END_SIGNAL, BATCH_NO_WAIT);
		death_signal(p, signal, information);
	}
	/* Delivered when this handler returns, in the context that was interrupted: a core shows the program's own frames. */
	set_action(signal, &fallback, NULL);
	/* Where nothing can be queued (RLIMIT_SIGPENDING) one by kill goes all the same (kernel/signal.c, __send_signal_locked). */
	if (RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), signal, information) != 0)
		RAW(__NR_kill, RAW(__NR_getpid), signal);
	blocked_leave();
}

/* Stops here as the default would, with nothing buffered. For the kernel a SIGCONT that comes behind SIGTSTP ends that stop, also where it has not begun yet; here it would be ignored, or
 * forgotten when the process stops itself, and nobody would come to continue it. So it has a handler too, for which it waits, and is looked for. */
void signal_on_stop(int signal, void *information, void *context)
{
	struct process *p = process;
	struct action fallback = {0, RESTORER, signal_return, 0}, ours;
	uint64_t stop = BIT(TSTP), pending = 0;
	long self = RAW(__NR_gettid);

	(void)information;
	(void)context;
	if (signal == CONT)
		return;
	blocked_enter();
	if (p && p->alive == 1 && batch && process_is_ours(p))
		batch_flush(p, batch, END_SIGNAL, BATCH_NO_WAIT);
	set_action(signal, &fallback, &ours);
	/* NB: nothing between these two, where one is still lost. */
	RAW(__NR_rt_sigpending, &pending, SET);
	if (!(pending & BIT(CONT)))
		RAW(__NR_tkill, self, signal);
	RAW(__NR_rt_sigprocmask, 1 /* SIG_UNBLOCK */, &stop, 0, SET);
	RAW(__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, &stop, 0, SET);
	set_action(signal, &ours, NULL);
	blocked_leave();
}

/* Both set first and look at what was there, which is what we believe: half the calls. */
static void stand(int signal, void *handler, void *in_place_of)
{
	struct action next = our_action(handler), real;

	if ((!in_place_of && signals.others & BIT(signal)) || set_action(signal, &next, &real) != 0)
		return;
	if (real.handler == in_place_of)
		signals.view[signal] = real;
	else
		set_action(signal, &real, NULL);
}

static void step_aside(int signal, const void *handler)
{
	struct action real;

	if ((handler != (void *)signal_on_fault && signals.others & BIT(signal)) || set_action(signal, &signals.view[signal], &real) != 0)
		return;
	if (real.handler != handler)
		set_action(signal, &real, NULL);
}

/* NB: of one that the program has blocked, and that waits, the default is the end (kernel/signal.c, do_sigaction), so it is taken and sent again. Our handler may not stay for its sake: later
 * ones would end waits, and children would have it. */
static __attribute__((noinline)) void continue_steps_aside(void)
{
	static const uint64_t go_on = BIT(CONT), now[2] = {0, 0};
	union {
		struct signal_information information;
		char space[128]; /* of siginfo_t */
	} found;

	if (signals.others & go_on)
		return;
	int waits = RAW(__NR_rt_sigtimedwait, &go_on, &found, now, SET) == CONT;
	step_aside(CONT, (void *)signal_on_stop);
	if (!waits)
		return;
	if (found.information.code == BY_THREAD)
		RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), CONT, &found);
	else
		RAW(__NR_rt_sigqueueinfo, RAW(__NR_getpid), CONT, &found);
}

void signals_dirty(int on)
{
	if (signals.dirty == on || (on && !(signals.holders & HOLD_BATCH)))
		return;
	signals.dirty = (uint8_t)on;
	if (on) {
		stand(CONT, (void *)signal_on_stop, NULL);
		stand(TSTP, (void *)signal_on_stop, NULL);
	} else {
		step_aside(TSTP, (void *)signal_on_stop);
		continue_steps_aside();
	}
	for (int i = 1; signals.ignored >> (i - 1); i++) {
		if (!(signals.ignored & BIT(i)))
			continue;
		if (on)
			stand(i, (void *)signal_on_fault, SIGNAL_IGNORED);
		else
			step_aside(i, (void *)signal_on_fault);
	}
}
