/* Where threads count; see shards.h. */
#include "shards.h"
#include "../sys/memory.h"
#include "../sys/thread.h"

#include <linux/resource.h>

#include "../sys/poison.h"

struct shard {
	struct counter counters[SYSCALL_LIMIT];
};

/* In a forked child it reads zero, and is used again. */
static struct shard *tables;

/* What is mapped counts, whether it takes memory or not, and is to be left to the program. Where a filter stood before us nobody asks. */
static int is_limited(void)
{
	uint64_t space, data;

	return !filtered_at_start && (!raw_limit(RLIMIT_AS, &space) || !raw_limit(RLIMIT_DATA, &data) || space != RLIM64_INFINITY || data != RLIM64_INFINITY);
}

void shards_open(struct process *p)
{
	if (p->shards || p->sealed || inherited.sealed || !thread_pointer() || is_limited())
		return;
	if (!tables)
		tables = memory_wiped_later(SHARDS * sizeof *tables);
	p->shards = tables;
}

/* The upper bits of a product with the golden ratio: threads' pointers lie a stack's size from each other. */
static unsigned shard_of_thread(void)
{
	return (unsigned)(thread_pointer() * 0x9e3779b97f4a7c15u >> (64 - SHARD_BITS));
}

struct counter *shards_counter(struct process *p, uint32_t slot)
{
	struct shard *shards = p->shards;
	unsigned i = shard_of_thread();

	if (!shards)
		return &p->counters[slot];
	if (unlikely(!p->shard_used[i]))
		p->shard_used[i] = 1;
	return &shards[i].counters[slot];
}

static void gather(uint64_t *to, uint64_t *from)
{
	counter_add(to, __atomic_exchange_n(from, 0, __ATOMIC_RELAXED), 1);
}

void shards_gather(struct process *p)
{
	for (unsigned i = 0; p->shards && i < SHARDS; i++) {
		for (unsigned slot = 0; p->shard_used[i] && slot < SYSCALL_LIMIT; slot++) {
			struct counter *from = &p->shards[i].counters[slot], *to = &p->counters[slot];
			if (!from->calls && !from->errors && !from->bytes && !from->nanoseconds)
				continue;
			gather(&to->calls, &from->calls);
			gather(&to->errors, &from->errors);
			gather(&to->bytes, &from->bytes);
			gather(&to->nanoseconds, &from->nanoseconds);
		}
	}
}
