/* Arming: what must stand while bytes are buffered, and letting go of it. Dispatch (Linux 5.11, Documentation/admin-guide/
 * syscall-user-dispatch.rst) makes every system call from outside our own text come to the gate by SIGSYS, so that nothing can pass the
 * buffer by. Everything that is believed about the process is asked of the kernel here, each time anew.
 *
 * NB the order of letting go: nothing buffered; selector; dispatch off; timer; SIGSYS; the other dispositions; mask; alternate stack. */
#include "life.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include <asm/stat.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "../sys/poison.h"

enum { SET_MASK = 2, SYS = 31, ALLOW = 0, BLOCK = 1 };
#define FAULTS (1ul << 10 | 1ul << 6 | 1ul << 3 | 1ul << 4 | 1ul << 7 | 1ul << 30) /* SEGV BUS ILL TRAP FPE SYS */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static struct {
	uint8_t armed;      /* here or in the process that forked us: `batch` was wiped, this was not */
	uint8_t refused;    /* enum let_go: for this process and all that it forks */
	uint32_t generation; /* a copier that a handler has interrupted to fork holds a word of this one at most */
	arm_handler *handler;
	uint64_t text, text_size;
} guard;

void arm_know(arm_handler *handler, uint64_t text, uint64_t text_size)
{
	guard.handler = handler;
	guard.text = text;
	guard.text_size = text_size;
}

int arm_in_text(uint64_t address)
{
	return address - guard.text < guard.text_size;
}

int arm_is_blocking(void)
{
	return blocked.wanted == BLOCK;
}

static void choose(uint8_t selector)
{
	blocked.wanted = selector;
	if (!blocked.depth)
		blocked.selector = selector;
}

static void no_more(struct process *p, struct batch *b, enum let_go why)
{
	b->off = (uint8_t)why;
	p->watching = 0;
	p->batches.let_go[why]++;
}

/* unshare(2): CLONE_VM alone changes nothing and is refused with EINVAL when another task shares the memory (kernel/fork.c). */
static enum let_go ask_process(const struct process *p)
{
	if (guard.refused)
		return guard.refused;
	if (!inherited.rewriting)
		return LET_GO_NOT_REWRITTEN;
	if (p->pid == 1)
		return LET_GO_FIRST_PID;
	if (is_filtered())
		return LET_GO_FILTER;
	return RAW(__NR_unshare, CLONE_VM) == 0 ? LET_GO_NOT : LET_GO_THREADS;
}

static enum let_go dispatch_on(void)
{
	choose(ALLOW);
	if (RAW(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, guard.text, guard.text_size, &blocked.selector) != 0)
		return LET_GO_NO_DISPATCH;
	return LET_GO_NOT;
}

static void dispatch_off(void)
{
	clock_guard(0);
	RAW(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
}

/* With signals blocked; *mask is what the caller restores. */
static enum let_go arm_locked(struct batch *b, uint64_t *mask)
{
	/* NB: who has 33 blocked by himself would have SIGSYS blocked from here on. */
	enum let_go why = *mask & ((settings.batch ? FAULTS : MASK_SYS) | MASK_PROXY) ? LET_GO_MASK : settings.batch ? mappings_read(b, batch_bytes, 65536) : LET_GO_NOT;

	if (why)
		return why;
	if (!latency_create(b))
		return LET_GO_NO_TIMER;
	why = signals_arm();
	if (why) {
		latency_delete(b);
		return why;
	}
	signals_catch(guard.handler);
	why = dispatch_on();
	if (why) {
		latency_delete(b);
		signals_disarm(mask);
	}
	return why;
}

static void relearn(struct process *p)
{
	memset(p->quick, 0, sizeof p->quick);
	p->learned = LEARN_AFTER;
}

/* With signals blocked; *mask is what the caller restores. */
static enum let_go arm_all(struct process *p, struct batch *b, uint64_t *mask)
{
	enum let_go why = ask_process(p);

	if (!why)
		why = arm_locked(b, mask);
	if (why)
		return why;
	b->armed = guard.armed = 1;
	p->gathered = 1;
	p->watching = 1;
	b->idle = b->traps = 0;
	b->traps_writes = p->batches.writes;
	b->looked_away = 0;
	/* NB: none that was before the fork: a child that a handler has forked in the midst of a copy finds its word changed when it comes back into it, also where it has gathered meanwhile. Never 0,
	 * as it is in one that has not. */
	if (word_generation(b->word) < guard.generation)
		b->word = guard.generation * WORD_GENERATION;
	b->word += WORD_GENERATION;
	b->known_fd = b->probed_fd = b->candidate = b->regular_fd = 0;
	source_forget(b);
	relearn(p);
	/* NB order: from here on every call of foreign code traps, also of a handler whose signal came meanwhile. */
	clock_guard(1);
	choose(BLOCK);
	return LET_GO_NOT;
}

int arm(struct process *p, struct batch *b)
{
	uint64_t mask;
	enum let_go why = LET_GO_NOT;

	/* NB: a handler may have made a thread, armed, or let go for good; no other comes in between. */
	block_signals(&mask);
	int done = b->armed || b->off;
	if (!done)
		why = arm_all(p, b, &mask);
	unblock_signals(&mask);
	if (done)
		return b->armed;
	if (!why)
		return 1;
	/* A blocked signal may be open next time; the rest stays as it is. */
	if (why != LET_GO_MASK)
		no_more(p, b, why);
	else if (!settings.watch)
		p->batches.let_go[why]++;
	return 0;
}

void arm_before_child(const struct batch *b)
{
	guard.generation = word_generation(b->word);
}

static void disarm_locked(struct process *p, struct batch *b, uint64_t *mask)
{
	dispatch_off();
	latency_stop_blocked(b);
	latency_delete(b);
	signals_disarm(mask);
	b->armed = guard.armed = 0;
	b->looked_away = 0;
	b->candidate = 0;
	batch_renew(b);
	/* A fork by an instruction of the program's own is not seen from here on. */
	arm_before_child(b);
	relearn(p);
}

void arm_let_go(struct process *p, struct batch *b, enum let_go why, enum reach reach, struct signal_frame *frame)
{
	uint64_t mask;

	batch_flush(p, b, END_LET_GO, frame ? BATCH_NO_WAIT : BATCH_MAY_WAIT);
	if (reach >= REACH_PROCESS && !b->off)
		no_more(p, b, why);
	else if (reach == REACH_NOW && why)
		p->batches.let_go[why]++;
	if (reach == REACH_FAMILY)
		guard.refused = (uint8_t)why;
	if (!b->armed)
		return;
	block_signals(&mask);
	/* NB: threads of the program's own making may have gone on behind the flush, and gathered. */
	while (!frame && batch_flush_blocked(p, b, END_LET_GO) == -EAGAIN) {
		unblock_signals(&mask);
		batch_flush(p, b, END_LET_GO, BATCH_MAY_WAIT);
		block_signals(&mask);
	}
	disarm_locked(p, b, frame ? &frame->mask : &mask);
	if (frame)
		signals_leave(frame);
	/* NB: no local more: it would stand on the program's stack (F10). */
	b->held = RAW(__NR_rt_sigpending, &b->held, 8) == 0 && b->held & ~mask ? signals_came(b->held & ~mask) : 0;
	unblock_signals(&mask);
}

void arm_watch(struct process *p, struct batch *b)
{
	if (settings.watch && b && !b->armed && !b->off && process_is_ours(p))
		arm(p, b);
}

void arm_in_child(uint64_t *mask)
{
	if (!guard.armed)
		return;
	/* Neither dispatch nor timer are inherited; dispositions, mask and alternate stack are. */
	clock_guard(0);
	guard.armed = 0;
	signals_disarm(mask);
}

void arm_before_exec(struct process *p)
{
	uint64_t mask, view;

	if (batch && process_is_ours(p)) {
		if (p->gathered)
			arm_let_go(p, batch, LET_GO_NOT, REACH_NOW, NULL);
		signals_repair_mask();
		return;
	}
	/* A vfork child: its mask is its own, and what it executes is to find SIGSYS in it. */
	if (!guard.armed || RAW(__NR_rt_sigprocmask, SET_MASK, 0, &mask, 8) != 0)
		return;
	view = signals_view_mask(mask);
	if (view != mask)
		RAW(__NR_rt_sigprocmask, SET_MASK, &view, 0, 8);
}

void arm_look_away(struct batch *b, uint64_t child_flags)
{
	b->looked_away = 1;
	b->away_flags = child_flags;
	choose(ALLOW);
}

void arm_look_again(struct process *p, struct batch *b)
{
	uint64_t mask, real;

	b->looked_away = 0;
	/* The parent is back: its result went past us. */
	if (b->away_flags) {
		children_after(p, b->away_flags, 0);
		counter_add(&p->tally.unresolved, 1, 0);
	}
	b->away_flags = 0;
	if (!signals_are_caught(guard.handler)) {
		arm_let_go(p, b, LET_GO_SIGSYS, REACH_FAMILY, NULL);
		return;
	}
	if (RAW(__NR_rt_sigprocmask, SET_MASK, 0, &mask, 8) == 0 && (real = signals_real_mask(mask)) != mask)
		RAW(__NR_rt_sigprocmask, SET_MASK, &real, 0, 8);
	choose(BLOCK);
}

int arm_is_ready(void)
{
	return blocked.selector == BLOCK;
}
