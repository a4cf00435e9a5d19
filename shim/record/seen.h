/* Floor 1: a set of numbers that grows in memory of its own, and forgets all when it is full. Any context, any thread. */
#ifndef SHIM_RECORD_SEEN_H
#define SHIM_RECORD_SEEN_H

#include <stdint.h>

enum { SEEN_FIRST = 1 << 9, SEEN_LATER = 1 << 13, SEEN_LAST = 1 << 17 };

/* All zero at first, and in a forked child. */
struct seen {
	uint32_t size; /* of the table in use: SEEN_FIRST, SEEN_LATER or SEEN_LAST; 0: none yet */
	uint32_t used, busy;
	uint64_t table[SEEN_FIRST + SEEN_LATER + SEEN_LAST];
};

/* 1: it was not there, and is now. */
int seen_is_new(struct seen *seen, uint64_t what);

/* Some 98,000 are there: with the next new one all will be forgotten. */
static inline int seen_is_full(const struct seen *seen)
{
	return seen->used >= SEEN_LAST / 4 * 3;
}

#endif
