/* A process's table of descriptors: what each leads to, as far as that has a path. A forked child shares with its parent what neither has changed since. */
#ifndef CLI_HELD_H
#define CLI_HELD_H

#include "paths.h"
#include "recording.h"

struct held {
	int is_there, closes_at_exec;
	uint64_t since; /* when the call that made it came back; 0: not known */
	void *owner;
	struct path *path; /* NULL: not known */
};

struct held_table {
	struct held_group **groups; /* of descriptors whose numbers follow one another, in their order */
	size_t count;
};

/* NULL: it leads to nothing that is known. */
const struct held *held_find(const struct held_table *table, int fd);
/* path: the table's from now on; since: when the call that made it came back, 0: not known. */
void held_set(struct held_table *table, int fd, struct path *path, void *owner, int closes_at_exec, uint64_t since);
void held_drop(struct held_table *table, int fd);
void held_duplicate(struct held_table *table, int from, int to, int closes_at_exec, uint64_t since);

/* `to` is empty. */
void held_copy(struct held_table *to, const struct held_table *from);
void held_free(struct held_table *table);
/* Those that a new image does not keep go. */
void held_exec(struct held_table *table);

/* What a call has changed that came back at `time`; but for opens by a path and close, of which more must be known. */
void held_call(struct held_table *table, const struct text_call *call, const struct recorded_memory *memory, uint64_t time);

#endif
