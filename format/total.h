/* What all writers of a recording share, the shim and the tracer, and count themselves in: the file `total`. Freestanding. Any context. */
#ifndef FORMAT_TOTAL_H
#define FORMAT_TOTAL_H

#include "../include/sysshim/record.h"

/* One more file: 0, which is counted; there are too many. total: NULL where it is not to be had, and each file has its own limit only. */
static inline int total_takes_file(struct record_total *total, uint32_t most)
{
	if (!total || __atomic_add_fetch(&total->processes, 1, __ATOMIC_RELAXED) <= most)
		return 1;
	__atomic_sub_fetch(&total->processes, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&total->refused, 1, __ATOMIC_RELAXED);
	return 0;
}

/* A chunk is not used any more, or found no place. */
static inline void total_gives_chunk(struct record_total *total)
{
	if (total)
		__atomic_sub_fetch(&total->bytes, RECORD_CHUNK, __ATOMIC_RELAXED);
}

/* One chunk more in a file, as far as the whole recording may grow. */
static inline int total_takes_chunk(struct record_total *total, uint64_t most)
{
	if (!total || __atomic_add_fetch(&total->bytes, RECORD_CHUNK, __ATOMIC_RELAXED) <= most)
		return 1;
	total_gives_chunk(total);
	return 0;
}

#endif
