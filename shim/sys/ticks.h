/* Floor 0: the time between two looks at the kernel's clock, by the processor's own counter: a third of the price (vDSO 26 ns with its barrier, rdtsc
 * 11). The counter is never trusted for long: after a few milliseconds the clock is asked again, and says how fast the counter runs (NTP, another
 * machine after a migration). It errs by less than a microsecond, and does not go back.
 *
 * The counter is a parameter here, so that tests can turn it. Any thread, signal handlers included: who meets somebody that sets it asks the clock. */
#ifndef SHIM_SYS_TICKS_H
#define SHIM_SYS_TICKS_H

#include <stdint.h>

struct ticks {
	uint32_t turn;          /* odd: is being set */
	uint64_t at, time;      /* at this tick it was that time, in ns */
	uint64_t rate;          /* ns a tick, times 2^32 */
	uint64_t reach;         /* so many ticks from `at` on it holds; 0: not at all */
	uint64_t seen_at, seen; /* what the clock said last, and when; 0: nothing yet */
};

/* The time at tick `now`; 0: the clock must be asked. */
static inline uint64_t ticks_time(const struct ticks *t, uint64_t now)
{
	uint32_t turn = __atomic_load_n(&t->turn, __ATOMIC_ACQUIRE);
	uint64_t passed = now - __atomic_load_n(&t->at, __ATOMIC_RELAXED), time = __atomic_load_n(&t->time, __ATOMIC_RELAXED);

	if (passed >= __atomic_load_n(&t->reach, __ATOMIC_RELAXED))
		return 0;
	time += passed * __atomic_load_n(&t->rate, __ATOMIC_RELAXED) >> 32;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return turn & 1 || turn != __atomic_load_n(&t->turn, __ATOMIC_RELAXED) ? 0 : time;
}

/* Is it long enough since the clock's last answer to learn from the next? */
int ticks_may_learn(const struct ticks *t, uint64_t now);

/* The clock has said `time`, in ns; is_exact: at tick `now`, to some hundred ticks. The time to be told, which is not before one that was told. */
uint64_t ticks_learn(struct ticks *t, uint64_t now, uint64_t time, int is_exact);

#endif
