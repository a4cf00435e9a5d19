/* Floor 1: a set of numbers in memory of its own, of which pages are used as it grows. Any context, any thread. */
#ifndef SHIM_RECORD_SEEN_H
#define SHIM_RECORD_SEEN_H

#include <stdint.h>

/* Each level has twice the buckets of the one before. */
enum { SEEN_BUCKET = 8, SEEN_FIRST = 64, SEEN_LEVELS = 8, SEEN_SLOTS = SEEN_BUCKET * SEEN_FIRST * ((1 << SEEN_LEVELS) - 1) };

/* All zero at first, and in a forked child. */
struct seen {
	uint32_t used, busy;
	uint64_t slots[SEEN_SLOTS] __attribute__((aligned(64)));
};

/* 1: it was not there, and is now; or there is no place for it. */
int seen_is_new(struct seen *seen, uint64_t what);

/* Some 98,000 are there, and many others would find no place. */
static inline int seen_is_full(const struct seen *seen)
{
	return seen->used >= SEEN_SLOTS / 4 * 3;
}

/* Forgets all. Who counts meanwhile may have it counted again. */
void seen_forget(struct seen *seen);

#endif
