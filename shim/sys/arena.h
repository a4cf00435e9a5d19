/* Floor 0: memory for tables that only grow. One fixed piece a process, wiped in forked children with the table that stands in it;
 * nothing is given back before the process ends. Not thread-safe: the table's owner holds its lock. */
#ifndef SHIM_SYS_ARENA_H
#define SHIM_SYS_ARENA_H

#include <stddef.h>

struct arena {
	char *at, *end;
};

/* Aligned to 16, zeroed (fresh anonymous memory), or NULL when the piece is used up. */
static inline void *arena_take(struct arena *arena, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (size > (size_t)(arena->end - arena->at))
		return NULL;
	char *taken = arena->at;
	arena->at += size;
	return taken;
}

#endif
