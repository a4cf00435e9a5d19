/* Floor 1: the counters. One for each system call of the table; plain additions while there is one thread, atomic ones afterwards.
 * A plain addition is one instruction, so a signal handler that counts in between loses nothing. */
#ifndef SHIM_RECORD_COUNTERS_H
#define SHIM_RECORD_COUNTERS_H

#include <stdint.h>

struct counter {
	uint64_t calls, errors, bytes, nanoseconds;
};

/* What is not of one call. */
struct tally {
	uint64_t opened;         /* open, creat, … that gave a descriptor */
	uint64_t open_failed;
	uint64_t log_dropped;    /* lines that found no place: disk full, limit, file gone */
	uint64_t paths_unlisted; /* opens whose path is not in the list of files: table full, memory unreadable */
	uint64_t unresolved;     /* special calls whose result we could not see */
};

static inline void counter_add(uint64_t *counter, uint64_t value, int threads)
{
#ifdef __x86_64__
	if (threads)
		__asm__ volatile("lock addq %1, %0" : "+m"(*counter) : "er"(value) : "cc");
	else
		__asm__ volatile("addq %1, %0" : "+m"(*counter) : "er"(value) : "cc");
#else
	(void)threads;
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
#endif
}

#endif
