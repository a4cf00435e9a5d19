/* Floor 5: calls that are made where they stand, because a child may come back on the caller's stack or on another one, or because a thread may be cancelled
 * there; and those that dispatch brings. */
#include "gate.h"
#include "gate_actions.h"
#include "coalesce.h"
#include "inject.h"
#include "interrupted.h"
#include "process/life.h"
#include "record/log.h"
#include "record/shards.h"
#include "sys/clock.h"

#include "sys/poison.h"

/* A child that gets its own copy of this very stack can come back through C. */
static int is_plain_fork(uint64_t flags, uint64_t stack)
{
	return !(flags & 0x100 /* CLONE_VM */) && !stack;
}

static long stands(struct process *p, const struct call *call)
{
	(void)p;
	(void)call;
	return 0;
}

/* The same for one that is made where it stands, if it is: 1 and its answer, or 0. */
static __attribute__((noinline)) int answers(struct process *p, const struct call *call, long *result)
{
	struct passage passage = {.process = p, .ticket = {.began = clock_monotonic()}};
	uint64_t held = INJECT_NOTHING;
	int is_answer;

	*result = inject_call(p, call, &passage.ticket, stands, &held);
	is_answer = passage.ticket.injected & RECORD_INJECTED;
	if (is_answer) {
		counter_add(&counter_of(p, call_slot(call))->calls, 1, (int)p->threads);
		gate_leave(&passage, call, *result);
	}
	inject_release(&held);
	return is_answer;
}

struct look gate_look(const struct call *call)
{
	struct process *p = process;
	enum action action = actions[call_slot(call)];
	uint64_t stack = 0;

	if (action == ACTION_STANDS) {
		if (p && p->alive == 1)
			coalesce_before(p, call, NULL);
		return (struct look){0, 1};
	}
	if (action != ACTION_CHILD)
		return (struct look){gate(call), 0};
	uint64_t flags = children_flags(call, &stack);
	children_share(flags);
	if (is_plain_fork(flags, stack))
		return (struct look){gate(call), 0};
	if (p && (p->alive == 1 || life_born(p))) {
		long result;
		coalesce_before(p, call, NULL);
		if (unlikely(inject_has(call_slot(call))) && answers(p, call, &result))
			return (struct look){result, 0};
		counter_add(&counter_of(p, call_slot(call))->calls, 1, (int)p->threads);
		children_before(p, flags);
	}
	return (struct look){0, 1};
}

long gate_left(const struct call *call, long result)
{
	struct process *p = process;
	uint64_t stack;

	if (!p || p->alive != 1 || actions[call_slot(call)] != ACTION_CHILD)
		return result;
	/* NB order: a vfork child has gone before the line is written, and the defaults stand until the parent runs again. */
	children_after(p, children_flags(call, &stack), result);
	counter_add(&counter_of(p, call_slot(call))->errors, (uint64_t)(result < 0), (int)p->threads);
	if (p->log.on && log_wants((uint32_t)call->number)) {
		uint64_t now = clock_monotonic();
		struct log_ticket ticket = {.began = now};
		struct text_call text = log_text_of(call, result);
		log_end(p, &text, &ticket, now);
	}
	return result;
}

enum { NUMBER_BITS = 9, PRINTED_BITS = 18 };
_Static_assert(RECORD_DATA + RECORD_STAGING * RECORD_CHUNK < 1 << PRINTED_BITS, "words[0] holds where a beginning stands");
_Static_assert(1 << NUMBER_BITS == SYSCALL_LIMIT, "words[0] holds a number");

struct look gate_look_cancel(const struct call *call, uint64_t words[2])
{
	struct process *p = process;
	struct passage passage;

	/* Nobody can cancel the only thread; and one with a rule is not made where it stands. */
	if (!p || p->alive != 1 || !p->threads || inject_has(call_slot(call)))
		return (struct look){gate(call), 0};
	passage.ticket.came = 0;
	long result = coalesce_before(p, call, &passage.ticket.came);
	gate_enter(&passage, call);
	if (!result)
		result = interrupted_call(call, passage.ticket.came);
	if (result != INTERRUPTED_NOT) {
		gate_leave(&passage, call, result);
		return (struct look){result, 0};
	}
	words[0] = call_slot(call) | (uint64_t)passage.ticket.printed << NUMBER_BITS | passage.ticket.serial << (NUMBER_BITS + PRINTED_BITS);
	words[1] = passage.ticket.began;
	return (struct look){0, 1};
}

long gate_left_cancel(const struct call *call, const uint64_t words[2])
{
	struct call made = *call;
	struct passage passage = {.process = process,
				  .ticket = {.serial = words[0] >> (NUMBER_BITS + PRINTED_BITS), .began = words[1], .printed = words[0] >> NUMBER_BITS & ((1 << PRINTED_BITS) - 1)}};

	made.number = words[0] & (SYSCALL_LIMIT - 1);
	gate_leave(&passage, &made, (long)call->number);
	return (long)call->number;
}

struct look gate_dispatched(const struct call *call)
{
	struct process *p = process;
	struct look look = gate_look(call);
	uint64_t stack;

	if (batch)
		batch->traps++;
	/* A child may come back on this stack or on another one: nothing of ours stands there, and nobody tells us the parent's result. */
	if (look.stands && batch && batch->armed && process_is_ours(p))
		arm_look_away(batch, children_flags(call, &stack));
	return look;
}

void gate_sigreturn(struct signal_frame *frame)
{
	struct process *p = process;

	if (!p || !batch || !batch->armed || !process_is_ours(p))
		return;
	counter_add(&p->counters[__NR_rt_sigreturn].calls, 1, 0);
	batch->traps++;
	if (batch->looked_away)
		arm_look_again(p, batch);
	batch_flush(p, batch, __NR_rt_sigreturn, BATCH_MAY_WAIT);
	/* The handler may have interrupted a call that was about to wait, and started the timer. NB: or a batch's first write, for which it was started. */
	latency_stop(batch);
	batch_renew(batch);
	signals_returning(frame);
}
