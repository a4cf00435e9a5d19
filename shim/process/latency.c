/* The latency bound (T3): a timer that ticks with half its period, and no thread. A tick that finds the same generation buffered as the
 * one before flushes it; three ticks with nothing buffered stop the timer. It is a process-directed SIGSYS with a value of its own:
 * a thread-directed one would displace a dispatch that is pending. Stopped before calls that a signal can end early. */
#include "dispositions.h"
#include "life.h"

#include <linux/time_types.h>

#include "../sys/poison.h"

enum { MONOTONIC = 1, CLEAN_TICKS = 3 };

struct event { /* struct sigevent: the value, the signal, SIGEV_SIGNAL */
	uint64_t value;
	int32_t signal, notify;
	uint64_t padding[6];
};

int latency_create(struct batch *b)
{
	struct event event = {.value = LATENCY_VALUE, .signal = SYS};

	b->timer_on = 0;
	return RAW(__NR_timer_create, MONOTONIC, &event, &b->timer) == 0;
}

void latency_delete(struct batch *b)
{
	RAW(__NR_timer_delete, b->timer);
	b->timer_on = 0;
}

/* Signals are blocked: a handler that comes behind the kernel's part and jumps away would leave a timer that runs, and ends waits, for one that stands, or the other way round. */
static void set(struct batch *b, uint64_t nanoseconds)
{
	int64_t seconds = (int64_t)(nanoseconds / 1000000000u), rest = (int64_t)(nanoseconds % 1000000000u);
	struct __kernel_itimerspec period = {{seconds, rest}, {seconds, rest}};

	RAW(__NR_timer_settime, b->timer, 0, &period, 0);
	b->timer_on = nanoseconds != 0;
	b->clean_ticks = 0;
	/* These handlers would make waiting calls return EINTR: they stand only while the timer runs. */
	signals_dirty(b->timer_on);
}

int latency_start(struct batch *b)
{
	uint64_t mask;

	/* NB order: a tick behind this line cannot be the third clean one that stops the timer. */
	b->clean_ticks = 0;
	__asm__ volatile("" ::: "memory");
	if (b->timer_on)
		return RAW(__NR_rt_sigprocmask, SET_MASK, 0, &mask, SET) == 0 && !(mask & FAULTS);
	block_signals(&mask);
	/* NB: a handler before this line may have let go of all, or forked us. */
	if (b->armed && !b->timer_on && !(mask & FAULTS))
		set(b, settings.latency * 500000ull);
	unblock_signals(&mask);
	return !(mask & FAULTS);
}

void latency_stop_blocked(struct batch *b)
{
	if (b->timer_on)
		set(b, 0);
}

void latency_stop(struct batch *b)
{
	uint64_t mask;

	if (!b->timer_on)
		return;
	block_signals(&mask);
	latency_stop_blocked(b);
	unblock_signals(&mask);
}

void latency_tick(struct process *p, struct batch *b)
{
	if (!word_fill(b->word)) {
		if (++b->clean_ticks >= CLEAN_TICKS)
			latency_stop_blocked(b);
		return;
	}
	b->clean_ticks = 0;
	if (b->tick_generation == word_generation(b->word))
		batch_flush(p, b, END_TIME, BATCH_NO_WAIT);
	else
		b->tick_generation = word_generation(b->word);
}
