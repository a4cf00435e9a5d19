/* A set of numbers; see seen.h. A number stands in the first level whose bucket had room for it, and no place is given up: so threads that bring the same one at the same time look at the
 * same places in the same order, and one of them is the first. */
#include "seen.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

/* 1: it was put there; 0: it is there already; -1: there is no room. */
static int put(uint64_t *bucket, uint64_t what)
{
	for (unsigned i = 0; i < SEEN_BUCKET; i++) {
		uint64_t there = __atomic_load_n(&bucket[i], __ATOMIC_RELAXED);
		if (!there && __atomic_compare_exchange_n(&bucket[i], &there, what, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return 1;
		if (there == what)
			return 0;
	}
	return -1;
}

int seen_is_new(struct seen *seen, uint64_t what)
{
	uint64_t *level = seen->slots;
	int result = -1;

	what += !what;
	for (uint32_t buckets = SEEN_FIRST; result < 0 && level < seen->slots + SEEN_SLOTS; level += buckets * SEEN_BUCKET, buckets *= 2)
		result = put(level + (what >> 20 & (buckets - 1)) * SEEN_BUCKET, what);
	if (result > 0)
		__atomic_add_fetch(&seen->used, 1, __ATOMIC_RELAXED);
	return result != 0;
}

void seen_forget(struct seen *seen)
{
	uint32_t nobody = 0;

	if (!__atomic_compare_exchange_n(&seen->busy, &nobody, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	memset(seen->slots, 0, sizeof seen->slots);
	__atomic_store_n(&seen->used, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&seen->busy, 0, __ATOMIC_RELEASE);
}
