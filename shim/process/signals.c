/* Signals: every signal that is at its default and whose default ends the process leads to us, so that buffered bytes, counters and log
 * are complete whatever ends it. Done only where a file was asked for, and while bytes may be buffered (arm.c); the program sees its own
 * dispositions, masks and alternate stack. While armed SIGSYS is never blocked: signal 33 stands for it in every mask of the program.
 *
 * Rules. SIG_IGN and the program's handlers stay in the kernel as they are. The handler gives the signal back with its own siginfo and
 * the default in place, so wait status and core are the native ones. It runs on an alternate stack of ours where the program has none,
 * so that a stack overflow is caught; until the program has a stack of its own, or threads, its handlers lose SA_ONSTACK and run where they would
 * natively. Nothing is hooked in pid 1 of a namespace (defaults do not kill it) or under an inherited filter. */
#include "dispositions.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

struct signals signals;

void signals_start(struct process *p)
{
	struct signal_stack now;

	/* NB: where libc is not rewritten the program's sigaction is not seen, and would show it our handlers. */
	if ((settings.stats != OUTPUT_PATH && (settings.log == OUTPUT_OFF || !settings.log_asked)) || !inherited.rewriting || p->pid == 1 || filtered_at_start)
		return;
	if (RAW(__NR_sigaltstack, 0, &now) == 0 && now.flags & STACK_DISABLED)
		signal_stack_install();
	signals.holders = HOLD_RECORD;
	signals_hook(p);
}

/* The program may have unmapped it long ago: natively that is nobody's matter until a handler wants it. */
static int is_writable(const struct signal_stack *stack)
{
	const uint64_t ends[2] = {(uint64_t)stack->at, (uint64_t)stack->at + stack->size - sizeof *ends};
	uint64_t word;

	for (int i = 0; i < 2; i++)
		if (memory_read(&word, ends[i], sizeof word) != sizeof word || memory_write((void *)ends[i], &word, sizeof word) != sizeof word)
			return 0;
	return 1;
}

enum let_go signals_arm(void)
{
	struct signal_stack stack;
	struct action real;
	enum let_go why = LET_GO_NOT;

	signals.ignored = 0;
	for (int i = 1; i <= SIGNALS && !why; i++) {
		if (set_action(i, NULL, &real) != 0 || real.handler == (void *)signal_on_fatal)
			continue;
		why = disposition_objection(i, &real);
		if (real.handler == SIGNAL_IGNORED)
			signals.ignored |= FAULTS & BIT(i);
	}
	if (why || RAW(__NR_sigaltstack, 0, &stack) != 0 || signal_stack_disarms(&stack))
		return why ? why : LET_GO_SMALL_STACK;
	if (stack.flags & STACK_DISABLED && !signal_stack_install())
		return LET_GO_NO_MEMORY;
	if (!(stack.flags & STACK_DISABLED) && stack.at != signals.stack && (signal_stack_is_less(stack.size) || !is_writable(&stack)))
		return LET_GO_SMALL_STACK;
	if (set_action(SYS, NULL, &real) == 0 && !real.handler)
		signals.view[SYS] = real;
	signals_own_stack(&stack);
	signals.holders |= HOLD_BATCH;
	signals.was_proxied = signals.proxied = signals.hooked = 1;
	dispositions_apply();
	return LET_GO_NOT;
}

uint64_t signals_real_mask(uint64_t view)
{
	if (!signals.proxied || !(view & BIT(SYS)))
		return view;
	signals.stood_in = 1;
	return (view & ~BIT(SYS)) | BIT(PROXY);
}

uint64_t signals_view_mask(uint64_t real)
{
	/* A mask with 32 has 33 as well: the two are glibc's, and only who blocks everything blocks them. */
	if (!signals.proxied || !(real & BIT(PROXY)))
		return real;
	return (real | BIT(SYS)) & (real & BIT(32) ? ~0ul : ~BIT(PROXY));
}

/* Takes our own ticks out of what is pending of SIGSYS, which is blocked. Somebody else's stays: one at most, as the kernel keeps one. */
static __attribute__((noinline)) void take_ticks(void)
{
	static const uint64_t sys = BIT(SYS), now[2] = {0, 0};
	struct signal_information other;
	union {
		struct signal_information information;
		char space[128]; /* of siginfo_t */
	} found;
	int have = 0;

	while (RAW(__NR_rt_sigtimedwait, &sys, &found, now, SET) == SYS) {
		if (found.information.code == BY_TIMER && found.information.timer.value == LATENCY_VALUE)
			continue;
		other = found.information;
		have = 1;
	}
	if (!have)
		return;
	memset(&found, 0, sizeof found);
	found.information = other;
	RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), SYS, &found);
}

void signals_disarm(uint64_t *mask)
{
	struct signal_stack stack, none = {NULL, STACK_DISABLED, 0};

	signals_dirty(0);
	/* NB order: with the default a tick would kill. Ignoring for a moment would discard it too, but also what somebody sends. */
	take_ticks();
	set_action(SYS, &signals.view[SYS], NULL);
	signals.holders &= ~HOLD_BATCH;
	*mask = signals_view_mask(*mask);
	/* Within a handler of ours it is done from its frame on (signals_leave). */
	if (signals.stack && !signals.holders && !signal_stack_is_ours((uint64_t)__builtin_frame_address(0)))
		signal_frames_forget((uint64_t)__builtin_frame_address(0));
	signals.proxied = 0;
	signals.hooked = signals.holders != 0;
	dispositions_apply();
	if (signals.holders || !signals.stack_installed || RAW(__NR_sigaltstack, 0, &stack) != 0 || stack.at != signals.stack ||
	    stack.flags & STACK_IN_USE)
		return;
	RAW(__NR_sigaltstack, &none, 0);
	signals.stack_installed = 0;
	dispositions_apply();
}

void signals_returning(struct signal_frame *frame)
{
	if (!signals.proxied)
		return;
	frame->mask = signals_real_mask(frame->mask);
	/* What stood when the handler began comes back: the program's own stack, or none of it, and then ours. NB: one that was never set has no flag (fs/exec.c, begin_new_exec). */
	int none = frame->stack.flags & STACK_DISABLED || !frame->stack.size || frame->stack.at == signals.stack;
	signals_own_stack(&frame->stack);
	if (none && signals.stack)
		frame->stack = (struct signal_stack){signals.stack, 0, STACK_SIZE};
	if (signals.stack_installed != (none && signals.stack)) {
		signals.stack_installed = none && signals.stack;
		dispositions_apply();
	}
}

void signals_leave(struct signal_frame *frame)
{
	if (signals.holders || !signals.stack)
		return;
	signal_frames_forget(signal_frame_sp(frame));
	if (frame->stack.at != signals.stack)
		return;
	frame->stack = (struct signal_stack){NULL, STACK_DISABLED, 0};
	signals.stack_installed = 0;
	dispositions_apply();
}

int signals_mask_may_be_wrong(void)
{
	return signals.stood_in && !signals.proxied;
}

/* Frames of handlers that stood when we let go still hold our alternate stack and signal 33: their return brings both back, unseen. So what
 * the program asks for is put right before the kernel answers; and its mask before what goes by it. */
void signals_repair_mask(void)
{
	uint64_t mask;

	if (signals_mask_may_be_wrong() && RAW(__NR_rt_sigprocmask, SET_MASK, 0, &mask, SET) == 0 && mask_repaired(mask) != mask) {
		mask = mask_repaired(mask);
		RAW(__NR_rt_sigprocmask, SET_MASK, &mask, 0, SET);
	}
}

void signals_catch(void *handler)
{
	/* A full mask and no SA_NODEFER: another signal in this handler would come back by an rt_sigreturn that traps. */
	struct action next = our_action(handler);

	set_action(SYS, &next, NULL);
}

int signals_are_caught(const void *handler)
{
	struct action real;

	return set_action(SYS, NULL, &real) == 0 && real.handler == handler;
}
