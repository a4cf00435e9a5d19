/* Floor 1: where threads count. A counter that all of them add to goes from processor to processor with every call: two threads at pread(2) each waited 150 ns for
 * it. So each adds to one of SHARDS tables, which one its thread pointer says, and whoever wants to read gathers them first. */
#ifndef SHIM_RECORD_SHARDS_H
#define SHIM_RECORD_SHARDS_H

#include "process.h"

/* Before there is a second thread, in a process that no filter of the program's own stands in: makes the tables, of which pages are there only where somebody counts; none where
 * addresses are limited, or what is mapped is locked. */
void shards_open(struct process *p);

/* This thread's counter of a call; the common one where there are no tables. Any context. */
struct counter *shards_counter(struct process *p, uint32_t slot);

/* What threads have counted until now goes to p->counters. Any context; a handler that comes in between and never goes back takes one call's counts with it. */
void shards_gather(struct process *p);

/* Where a call of this thread is counted. Any context. */
static inline struct counter *counter_of(struct process *p, uint32_t slot)
{
	return likely(!p->threads) ? &p->counters[slot] : shards_counter(p, slot);
}

#endif
