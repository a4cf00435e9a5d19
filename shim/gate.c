/* The gate: the one path of every call. The first function is the whole way of an ordinary call while neither time nor log is wanted,
 * `record` that of one that goes into a recording; `pass` is the way of all others. Rules: nothing of ours is held while the kernel works,
 * for the call may not come back (a handler that jumps away, a cancelled thread, exit); the call is counted before it is made, its outcome
 * afterwards. */
#include "gate.h"
#include "gate_make.h"
#include "coalesce.h"
#include "inject.h"
#include "interrupted.h"
#include "record/audit.h"
#include "record/files.h"
#include "record/plain.h"
#include "record/shards.h"
#include "sys/clock.h"

#include "sys/poison.h"

/* entry.S knows these for the calls that only want counting. */
#ifdef __x86_64__
_Static_assert(offsetof(struct process, threads) == 8 && offsetof(struct process, run) == 40 && offsetof(struct process, quick) == 48 &&
	       offsetof(struct process, counters) == 80240, "PROCESS_* in entry.S");
_Static_assert(sizeof(struct counter) == 32 && offsetof(struct counter, calls) == 0 && offsetof(struct counter, errors) == 8 &&
	       offsetof(struct counter, bytes) == 16, "COUNTER_* in entry.S");
_Static_assert(QUICK_COUNT == 6 && QUICK_BYTES == 7, "QUICK_* in entry.S");
#endif

static inline void count_result(struct counter *counter, enum quick kind, long result, int threads)
{
	if (is_error(result))
		counter_add(&counter->errors, 1, threads);
	else if ((kind == QUICK_BYTES || kind == QUICK_WRITE) && result > 0)
		counter_add(&counter->bytes, (uint64_t)result, threads);
}

/* Apart, so that the ordinary call pays nothing for its locals. */
static __attribute__((noinline)) long pass(struct process *p, const struct call *call);
static __attribute__((noinline)) long append(struct process *p, const struct call *call);
static __attribute__((noinline)) long record(struct process *p, const struct call *call);
static __attribute__((noinline)) long record_plain(struct process *p, const struct call *call);
static __attribute__((noinline)) long follow(struct process *p, const struct call *call);

/* Of the kinds that are not counted alone. */
static inline long look_further(struct process *p, const struct call *call, enum quick kind)
{
	switch (kind) {
	case QUICK_PLAIN:
		return record_plain(p, call);
	case QUICK_FOLLOW:
		return follow(p, call);
	case QUICK_RECORD:
		return record(p, call);
	case QUICK_APPEND:
		return append(p, call);
	default:
		return pass(p, call);
	}
}

long gate(const struct call *call)
{
	struct process *p = process;
	uint32_t number = (uint32_t)call->number;

	if (unlikely(!p))
		return kernel_call(call);
	enum quick kind = number < SYSCALL_LIMIT ? p->quick[number] : QUICK_NO;
	if (unlikely(kind <= QUICK_FOLLOW))
		return look_further(p, call, kind);
	struct counter *counter = counter_of(p, number);
	counter_add(&counter->calls, 1, (int)p->threads);
	long result = kernel_call(call);
	/* NB: what forks has an action and is never quick, so the process is the same as before the call. */
	count_result(counter, kind, result, (int)p->threads);
	if (kind == QUICK_WRITE)
		coalesce_watch(p, call, result);
	else
		process_ends_row(p);
	return result;
}

static long append(struct process *p, const struct call *call)
{
	long result;

	return coalesce_append(p, call, &result) ? result : pass(p, call);
}

/* Some calls are written when they begin: those that may wait, and those after which we may not be there any more. */
static void log_early(struct process *p, const struct call *call, struct log_ticket *ticket)
{
	const struct syscall_row *row = syscall_row((uint32_t)call->number);
	struct text_call text = log_text_of(call, 0);

	if (!row)
		return;
	if (row->flags & CALL_NORETURN)
		log_end(p, &text, ticket, 0);
	else if (row->class == CLASS_PROCESS || syscall_is_begun((uint32_t)call->number, call->arguments))
		log_begin(p, &text, ticket);
	else
		return;
	/* What the log took is not the call's time. */
	if (p->log.timed)
		ticket->began = clock_monotonic();
}

void gate_enter(struct passage *passage, const struct call *call)
{
	struct process *p = process;
	struct log_ticket *ticket = &passage->ticket;

	passage->process = p;
	if (!p || (unlikely(p->alive != 1) && !life_born(p))) {
		passage->process = NULL;
		return;
	}
	if (unlikely(p->learned != LEARNED))
		p->learned < LEARN_AFTER ? (void)p->learned++ : gate_learn(p, &ticket->came);
	ticket->serial = ticket->printed = ticket->injected = 0;
	ticket->began = settings.timing || p->log.timed ? clock_monotonic() : 0;
	counter_add(&counter_of(p, call_slot(call))->calls, 1, (int)p->threads);
	if (p->log.on && log_wants((uint32_t)call->number))
		log_early(p, call, ticket);
	ticket->sealed = (uint16_t)gate_before(p, call);
}

static inline void count_outcome(struct process *p, const struct call *call, long result, const struct log_ticket *ticket, uint64_t now)
{
	struct counter *counter = counter_of(p, call_slot(call));
	const struct syscall_row *row = syscall_row((uint32_t)call->number);

	/* A fork is its parent's call, also where it comes back in the child. */
	if (settings.timing && (result || actions[call_slot(call)] != ACTION_CHILD))
		counter_add(&counter->nanoseconds, clock_from_to(ticket->began, now), (int)p->threads);
	count_result(counter, kind_of(row), result, (int)p->threads);
	if (row && row->flags & CALL_OPENS && settings.stats != OUTPUT_OFF)
		files_opened(p, call, syscall_path_argument(row), !(ticket->injected & RECORD_INJECTED), result);
}

static __attribute__((noinline)) void log_late(struct process *p, const struct call *call, long result, const struct log_ticket *ticket, uint64_t now)
{
	struct text_call text = log_text_of(call, result);

	log_end(p, &text, ticket, now);
}

static __attribute__((noinline)) void log_hidden(struct process *p, const struct call *call, long result)
{
	struct text_call text = log_text_of(call, result);

	log_unseen(p, &text);
}

void gate_leave(const struct passage *passage, const struct call *call, long result)
{
	struct process *p = passage->process;
	const struct log_ticket *ticket = &passage->ticket;
	uint32_t number = (uint32_t)call->number;

	/* In a forked child the parent's passage ends with nobody: its table is new. */
	if (!p || p->alive != 1)
		return;
	if (ticket->sealed && result < 0)
		rights_unseal(p);
	uint64_t now = settings.timing || p->log.timed ? clock_monotonic() : 0;
	count_outcome(p, call, result, ticket, now);
	gate_after(p, call, result);
	/* NB: last, so that nothing of this function stands on the stack any more. */
	if (p->log.on && log_wants(number))
		log_late(p, call, result, ticket, now);
	else if (p->log.on && log_moves(number))
		log_hidden(p, call, result);
}

/* Of gate_enter and gate_leave the little that is left for what is recorded as it is. */
static inline void enter_recorded(struct process *p, const struct call *call)
{
	counter_add(&counter_of(p, (uint32_t)call->number)->calls, 1, (int)p->threads);
	if (actions[(uint32_t)call->number] == ACTION_CLOSES)
		gate_closes(p, call);
}

static inline void leave_recorded(struct process *p, const struct call *call, long result, const struct log_ticket *ticket, uint64_t now)
{
	count_outcome(p, call, result, ticket, now);
	if (actions[(uint32_t)call->number] == ACTION_WRITE)
		coalesce_watch(p, call, result);
	else
		process_ends_row(p);
}

/* Behind its beginning. */
static inline long make_recorded(const struct call *call, const struct log_ticket *ticket)
{
	long result = interrupted_call(call, ticket->came);

	return likely(result == INTERRUPTED_NOT) ? kernel_call(call) : result;
}

static long record(struct process *p, const struct call *call)
{
	struct log_ticket ticket = {0};
	struct text_call text;

	if (unlikely(!process_is_alone(p)))
		return pass(p, call);
	enter_recorded(p, call);
	text = log_text_of(call, 0);
	log_quick_begin(p, &text, &ticket);
	long result = make_recorded(call, &ticket);
	/* In a child that a handler has forked nothing of this is there. */
	if (unlikely(p->alive != 1))
		return result;
	uint64_t now = p->log.timed ? clock_monotonic() : 0;
	leave_recorded(p, call, result, &ticket, now);
	text.result = result;
	if (p->log.on)
		log_quick_end(p, &text, &ticket, now);
	return result;
}

/* The same of a call that is nothing but its numbers, whether it may wait or not, or these and a path. Its log is always timed: an audit has none such. */
static long record_plain(struct process *p, const struct call *call)
{
	int is_begun = syscall_is_begun((uint32_t)call->number, call->arguments);
	struct log_ticket ticket = {0};
	struct plain_begun begun = {0};

	if (unlikely(!plain_is_known(p, (uint32_t)call->number)))
		return pass(p, call);
	enter_recorded(p, call);
	if (is_begun)
		begun = plain_begin(p, call, &ticket);
	else
		ticket.began = clock_monotonic();
	long result = make_recorded(call, &ticket);
	if (unlikely(p->alive != 1))
		return result;
	uint64_t now = clock_monotonic();
	leave_recorded(p, call, result, &ticket, now);
	if (unlikely(!p->log.on))
		return result;
	if (is_begun)
		plain_end(p, call, &ticket, begun, now, result);
	else
		plain_call(p, call, &ticket, now, result);
	return result;
}

/* In an audit, of close what matters. */
static long follow(struct process *p, const struct call *call)
{
	if (unlikely(!process_is_alone(p)))
		return record(p, call);
	enter_recorded(p, call);
	long result = kernel_call(call);
	if (unlikely(p->alive != 1))
		return result;
	count_result(&p->counters[(uint32_t)call->number], QUICK_COUNT, result, 0);
	p->run = 0;
	/* NB: whatever it says, the number is free (close(2), EINTR). */
	audit_closed((uint32_t)call->arguments[0]);
	return result;
}

/* One that a rule is for. A signal that comes with it comes when the log has its end, as strace's. */
static __attribute__((noinline)) long pass_injected(struct process *p, const struct call *call)
{
	struct passage passage;
	uint64_t held = INJECT_NOTHING;

	passage.ticket.came = 0;
	long error = coalesce_before(p, call, NULL);

	gate_enter(&passage, call);
	if (!passage.process)
		return kernel_call(call);
	long result = error ? error : inject_call(p, call, &passage.ticket, gate_make, &held);
	gate_leave(&passage, call, result);
	inject_release(&held);
	return result;
}

static __attribute__((noinline)) long pass_plain(struct process *p, const struct call *call)
{
	struct passage passage;

	passage.ticket.came = 0;
	long error = coalesce_before(p, call, &passage.ticket.came);

	gate_enter(&passage, call);
	if (!passage.process)
		return kernel_call(call);
	long result = error ? error : interrupted_call(call, passage.ticket.came);
	if (likely(result == INTERRUPTED_NOT))
		result = gate_make(p, call);
	gate_leave(&passage, call, result);
	if (unlikely(settings.watch))
		arm_watch(p, batch);
	return result;
}

/* With no frame of its own. */
static long pass(struct process *p, const struct call *call)
{
	return unlikely(inject_has(call_slot(call))) ? pass_injected(p, call) : pass_plain(p, call);
}
