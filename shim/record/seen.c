/* A set of numbers; see seen.h. */
#include "seen.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

static uint64_t *table_of(struct seen *seen, uint32_t size)
{
	return seen->table + (size == SEEN_FIRST ? 0 : size == SEEN_LATER ? SEEN_FIRST : SEEN_FIRST + SEEN_LATER);
}

/* 1: it was not there. Lost to somebody else's store, or to a table that is left: it will be recorded once more. */
static int put(struct seen *seen, uint32_t size, uint64_t what)
{
	uint64_t *table = table_of(seen, size);

	for (uint32_t i = 0, at = (uint32_t)(what >> 20); i < size; i++, at++) {
		uint64_t *slot = &table[at & (size - 1)], there = __atomic_load_n(slot, __ATOMIC_RELAXED);
		if (there == what)
			return 0;
		if (!there && __atomic_compare_exchange_n(slot, &there, what, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return 1;
		if (there == what)
			return 0;
	}
	return 1;
}

/* The next larger table, or the largest one emptied. Whoever comes while another does this goes on with what there is. */
static __attribute__((noinline)) void grow(struct seen *seen)
{
	uint32_t nobody = 0, size = seen->size;

	if (!__atomic_compare_exchange_n(&seen->busy, &nobody, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	if (size == SEEN_LAST) {
		memset(table_of(seen, SEEN_LAST), 0, SEEN_LAST * sizeof *seen->table);
		__atomic_store_n(&seen->used, 0, __ATOMIC_RELAXED);
	} else if (seen->size == size) {
		uint32_t next = !size ? SEEN_FIRST : size == SEEN_FIRST ? SEEN_LATER : SEEN_LAST;
		for (uint32_t i = 0; i < size; i++)
			if (table_of(seen, size)[i])
				put(seen, next, table_of(seen, size)[i]);
		__atomic_store_n(&seen->size, next, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&seen->busy, 0, __ATOMIC_RELEASE);
}

int seen_is_new(struct seen *seen, uint64_t what)
{
	what += !what;
	if (seen->used >= seen->size / 4 * 3)
		grow(seen);
	if (!seen->size || !put(seen, seen->size, what))
		return !seen->size;
	__atomic_add_fetch(&seen->used, 1, __ATOMIC_RELAXED);
	return 1;
}
