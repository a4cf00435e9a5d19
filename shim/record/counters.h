/* Floor 1: the counters. One for each system call of the table; plain additions while there is one thread, atomic ones afterwards.
 * A plain addition is one instruction, so a signal handler that counts in between loses nothing. */
#ifndef SHIM_RECORD_COUNTERS_H
#define SHIM_RECORD_COUNTERS_H

#include "../../format/syscalls.h"

struct counter {
	uint64_t calls, errors, bytes, nanoseconds;
};

/* What is not of one call. */
struct tally {
	uint64_t opened;         /* open, creat, … that gave a descriptor */
	uint64_t open_failed;
	uint64_t log_dropped;    /* lines that found no place: disk full, limit, file gone */
	uint64_t left_out;       /* calls that nobody wants in the log, for their paths or for what came of them */
	uint64_t paths_unlisted; /* opens whose path is not among those that files.h counts: the set is full, memory unreadable */
	uint64_t unresolved;     /* special calls whose result we could not see */
	uint64_t own_reads, own_writes; /* our own, which the kernel counts among the program's */
	uint64_t copied_nothing; /* copy_file_range that found nothing to copy, or failed */
};

enum batch_end {
	END_BEFORE = SYSCALL_LIMIT - 1, /* below: the number of the system call before which it was flushed */
#define END(name, ...) END_##name,
#include "batches.def"
	ENDS
};

enum let_go {
	LET_GO_NOT,
#define LET_GO(name, ...) LET_GO_##name,
#include "batches.def"
	LET_GO_COUNT
};

/* Coalesced writes stand in their call's counter as well, from the moment when their batch has ended. */
struct batches {
	uint64_t count, writes, vectors, bytes; /* vectors: how many of the writes were writev */
	uint64_t entries;        /* of the kernel: short writes take more than one */
	uint64_t lost;           /* bytes that no retry could write */
	int32_t error;           /* of the flush that failed, 0: none did */
	uint32_t ends[ENDS];
	uint32_t let_go[LET_GO_COUNT];
};

const char *batch_end_word(unsigned end); /* "full", "close": static */
const char *let_go_words(unsigned why);   /* "it has threads" */

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
