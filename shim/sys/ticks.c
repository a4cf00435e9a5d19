/* The counter between two looks at the clock; see ticks.h. */
#include "ticks.h"

#include "poison.h"

/* In ticks, of which a nanosecond has 1 to 5: what is learned from is long against the hundred ticks by which the clock's answer is blurred. */
enum { LEAST = 1 << 20, REACH_BITS = 22 };
/* Told times may be so far ahead of the clock, ns: they wait for it. Further off is another clock (a time namespace, a machine that was put back). */
enum { MOST_AHEAD = 1 << 23 };
static const uint64_t too_long = 1ull << 32; /* ticks or ns: products stay within 64 bits */
static const uint64_t slowest = 1ull << 33 /* 0.5 GHz */, fastest = 1ull << 28 /* 16 GHz */;

int ticks_may_learn(const struct ticks *t, uint64_t now)
{
	return __atomic_load_n(&t->reach, __ATOMIC_RELAXED) || now - __atomic_load_n(&t->seen_at, __ATOMIC_RELAXED) >= LEAST;
}

/* ns a tick since the clock's last answer, times 2^32; 0: nobody knows. */
static uint64_t rate_since(const struct ticks *t, uint64_t now, uint64_t time)
{
	uint64_t passed = now - t->seen_at, took = time - t->seen;

	if (!t->seen || passed < LEAST || passed >= too_long || took >= too_long)
		return 0;
	uint64_t rate = (took << 32) / passed;
	return rate >= fastest && rate <= slowest ? rate : 0;
}

/* So far is what was told ahead of the clock, ns. */
static uint64_t told_ahead(const struct ticks *t, uint64_t now, uint64_t time)
{
	/* A look that was interrupted may be older than what the interrupter has learned. */
	uint64_t passed = (int64_t)(now - t->at) <= 0 ? 0 : now - t->at < t->reach ? now - t->at : t->reach;
	uint64_t told = t->time + (passed * t->rate >> 32);

	return t->reach && told > time && told - time < MOST_AHEAD ? told - time : 0;
}

uint64_t ticks_learn(struct ticks *t, uint64_t now, uint64_t time, int is_exact)
{
	uint32_t turn = __atomic_load_n(&t->turn, __ATOMIC_RELAXED);

	if (turn & 1 || !__atomic_compare_exchange_n(&t->turn, &turn, turn + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return time;
	uint64_t ahead = told_ahead(t, now, time);
	/* Whoever has looked at the same time has learned already. */
	int is_known = t->seen && now - t->seen_at + LEAST < 2 * LEAST;
	if (is_exact && !is_known) {
		uint64_t rate = rate_since(t, now, time);
		ahead = rate ? ahead : 0;
		uint64_t less = ahead << (32 - REACH_BITS);
		__atomic_store_n(&t->reach, rate ? 1ull << REACH_BITS : 0, __ATOMIC_RELAXED);
		/* Where it is ahead it goes the slower, so that the clock has caught up when it is asked next. */
		__atomic_store_n(&t->rate, rate - (less < rate / 2 ? less : rate / 2), __ATOMIC_RELAXED);
		__atomic_store_n(&t->at, now, __ATOMIC_RELAXED);
		__atomic_store_n(&t->time, time + ahead, __ATOMIC_RELAXED);
		__atomic_store_n(&t->seen_at, now, __ATOMIC_RELAXED);
		t->seen = time;
	}
	__atomic_store_n(&t->turn, turn + 2, __ATOMIC_RELEASE);
	return time + ahead;
}
