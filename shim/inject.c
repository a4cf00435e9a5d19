/* Fault injection: calls that a rule names are made to fail, to be short, to come with a signal, to take long. Meaning and counting are
 * strace's (strace(1), -e inject=): turns are counted by number, from the start of a process; a fork begins anew. Threads share their process's
 * counts, and so does nobody else: a vfork child, which borrows the memory, has counts of its own.
 *
 * A signal is pending while strace's tracee makes the call: one that need not wait is made, and the handler runs behind it. So here signals are
 * blocked around a call that is sure not to wait; in front of any other one the handler runs first. */
#include "inject.h"
#include "record/birth_stderr.h"
#include "sys/memory.h"

#include <linux/poll.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include "sys/poison.h"

enum { PARTS = 16, FROM_KERNEL = 0x80 /* SI_KERNEL */, BY_TKILL = -6 /* SI_TKILL */, MONOTONIC = 1, ABSOLUTE = 1 };
#define FAULTS (1ul << 3 | 1ul << 4 | 1ul << 6 | 1ul << 7 | 1ul << 10) /* SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV */

struct inject_rules inject_rules BULKY;

/* Reads zero in a forked child. */
struct counts {
	uint32_t turns[SYSCALL_LIMIT];
	uint32_t guests_turns[SYSCALL_LIMIT];
	int32_t guest; /* the vfork child that they are of */
};
static struct counts *counts;

int inject_take(const char *value, struct text *why)
{
	struct inject_wrong wrong;

	settings.inject = inject_parse(&inject_rules, value, &wrong) == 0;
	if (settings.inject)
		return 1;
	text_string(why, wrong.allowed);
	text_string(why, ", not '");
	text_bytes(why, wrong.at, wrong.size);
	text_char(why, '\'');
	return 0;
}

void inject_settle(int is_first)
{
	if (!settings.inject)
		return;
	if (inject_rules.left && is_first)
		COMPLAIN("SYSSHIM_INJECT: there is room for 16 rules; those behind them have no effect");
	counts = memory_wiped_on_fork(sizeof *counts);
	if (!counts) {
		COMPLAIN("SYSSHIM_INJECT: no memory for it; nothing is injected");
		settings.inject = 0;
	}
	/* Calls that are not rewritten by default are seen only then. */
	for (unsigned number = 0; number < SYSCALL_LIMIT && settings.rewrite == REWRITE_HOT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (inject_has(number) && row && !(row->flags & CALL_HOT))
			settings.rewrite = REWRITE_ALL;
	}
}

static uint32_t *turns_of(const struct process *p)
{
	if (process_is_ours(p))
		return counts->turns;
	int32_t pid = (int32_t)RAW(__NR_getpid);
	if (counts->guest != pid) {
		memset(counts->guests_turns, 0, sizeof counts->guests_turns);
		counts->guest = pid;
	}
	return counts->guests_turns;
}

static __attribute__((noinline)) const struct inject_rule *due(const struct process *p, const struct call *call)
{
	uint32_t slot = call_slot(call);
	const struct inject_rule *rule = &inject_rules.rules[inject_rules.of_call[slot] - 1];
	uint32_t turn = __atomic_add_fetch(&turns_of(p)[slot], 1, __ATOMIC_RELAXED);

	return inject_is_due(rule, turn) ? rule : NULL;
}

/* Until then, whatever signals come. */
static __attribute__((noinline)) void delay(const struct process *p, uint64_t nanoseconds)
{
	struct __kernel_timespec until;

	if (!nanoseconds || p->sealed || RAW(__NR_clock_gettime, MONOTONIC, &until) != 0)
		return;
	nanoseconds += (uint64_t)until.tv_nsec;
	until.tv_sec += (int64_t)(nanoseconds / 1000000000);
	until.tv_nsec = (int64_t)(nanoseconds % 1000000000);
	while (RAW(__NR_clock_nanosleep, MONOTONIC, ABSOLUTE, &until, 0) == -EINTR)
		;
}

/* As strace's: from the kernel. NB: a fault of the kernel's own making would be taken for one that happens again (signals.c, on_fault). */
static __attribute__((noinline)) void raise_signal(int signal)
{
	int32_t pid = (int32_t)RAW(__NR_getpid);
	union {
		struct signal_information information;
		char space[128]; /* of siginfo_t */
	} all = {.space = {0}};
	int is_fault = FAULTS >> (signal - 1) & 1;

	all.information.signal = signal;
	all.information.code = is_fault ? BY_TKILL : FROM_KERNEL;
	if (is_fault)
		memcpy(all.space + 16 /* si_pid */, &pid, sizeof pid);
	RAW(__NR_rt_tgsigqueueinfo, pid, RAW(__NR_gettid), signal, &all);
}

/* May signals be blocked while it is made? Not where it waits, nor where it has to do with signals itself. */
static int is_sure_not_to_wait(const struct call *call)
{
	const struct syscall_row *row = syscall_row((uint32_t)call->number);
	struct pollfd ready = {(int)call->arguments[0], 0, 0};
	int vector;

	if (!row || row->flags & (CALL_SIGNAL | CALL_PROC | CALL_NORETURN) || row->class == CLASS_MAY_BLOCK || row->class == CLASS_PROCESS)
		return 0;
	if (!(row->flags & CALL_WAITS) || row->flags & CALL_OPENS)
		return 1;
	if (row->kinds[0] != ARG_FD || inject_size_argument((uint32_t)call->number, &vector) != 2)
		return 0;
	/* A pipe that has room has room for so much (pipe(7)). */
	if (!(row->flags & CALL_BYTES_IN) && (vector || call->arguments[2] > BATCH_PIPE))
		return 0;
	ready.events = row->flags & CALL_BYTES_IN ? POLLIN : POLLOUT;
	return raw_poll_now(&ready) != 0;
}

/* The first parts of a vector, `most` bytes together; what cannot be read the kernel is to say. */
static unsigned cut_vector(const struct call *call, int at, uint64_t most, struct iovec *parts)
{
	uint64_t count = call->arguments[at] < PARTS ? call->arguments[at] : PARTS;

	if (!count || memory_read(parts, call->arguments[at - 1], count * sizeof *parts) != (long)(count * sizeof *parts))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		if (parts[i].iov_len >= most) {
			parts[i].iov_len = most;
			return i + 1;
		}
		most -= parts[i].iov_len;
	}
	return (unsigned)count;
}

static __attribute__((noinline)) long make_short(struct process *p, const struct call *call, struct log_ticket *ticket, inject_maker *make, uint64_t most)
{
	struct iovec parts[PARTS];
	struct call shorter = *call;
	int vector, at = inject_size_argument((uint32_t)call->number, &vector);

	if (vector) {
		unsigned count = cut_vector(call, at, most, parts);
		if (count) {
			shorter.arguments[at - 1] = (uint64_t)parts;
			shorter.arguments[at] = count;
		}
	} else if (at >= 0 && shorter.arguments[at] > most) {
		shorter.arguments[at] = most;
	}
	if (at >= 0)
		ticket->injected |= RECORD_INJECTED;
	return make(p, &shorter);
}

static __attribute__((noinline)) void come_before(const struct process *p, const struct call *call, const struct inject_rule *rule, struct log_ticket *ticket, uint64_t *held)
{
	if (rule->what & INJECT_DELAY)
		ticket->injected |= RECORD_DELAYED;
	delay(p, rule->delay_enter);
	if (!rule->signal)
		return;
	if (rule->what & INJECT_ANSWER || is_sure_not_to_wait(call))
		block_signals(held); /* the signal waits behind the call */
	raise_signal(rule->signal);
}

static long answered(struct process *p, const struct call *call, const struct inject_rule *rule, struct log_ticket *ticket, inject_maker *make)
{
	if (rule->what & INJECT_SHORT)
		return make_short(p, call, ticket, make, rule->most);
	if (!(rule->what & INJECT_ANSWER))
		return make(p, call);
	ticket->injected |= RECORD_INJECTED;
	return rule->answer;
}

static __attribute__((noinline)) long come_late(struct process *p, const struct call *call, const struct inject_rule *rule, struct log_ticket *ticket, inject_maker *make)
{
	long result = answered(p, call, rule, ticket, make);

	delay(p, rule->delay_exit);
	return result;
}

/* NB: nothing of this function stands on the stack while the call is made. */
long inject_call(struct process *p, const struct call *call, struct log_ticket *ticket, inject_maker *make, uint64_t *held)
{
	const struct inject_rule *rule = due(p, call);

	if (!rule)
		return make(p, call);
	if (rule->what & (INJECT_DELAY | INJECT_SIGNAL) && !p->sealed)
		come_before(p, call, rule, ticket, held);
	return rule->delay_exit ? come_late(p, call, rule, ticket, make) : answered(p, call, rule, ticket, make);
}

void inject_release(const uint64_t *held)
{
	if (*held != INJECT_NOTHING)
		unblock_signals(held);
}
