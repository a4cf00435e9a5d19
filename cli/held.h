/* A process's table of descriptors: what each leads to, as far as that has a path. */
#ifndef CLI_HELD_H
#define CLI_HELD_H

#include "paths.h"
#include "recording.h"

#include <uthash.h>

struct held {
	int fd, closes_at_exec;
	uint64_t since; /* when the call that made it came back; 0: not known */
	void *owner;
	struct path *path; /* NULL: not known */
	UT_hash_handle hh;
};

/* NULL: it leads to nothing that is known. */
struct held *held_find(struct held *table, int fd);
/* path: the table's from now on; since: when the call that made it came back, 0: not known. */
void held_set(struct held **table, int fd, struct path *path, void *owner, int closes_at_exec, uint64_t since);
void held_drop(struct held **table, int fd);
void held_duplicate(struct held **table, int from, int to, int closes_at_exec, uint64_t since);

void held_copy(struct held **to, struct held *from);
void held_free(struct held **table);
/* Those that a new image does not keep go. */
void held_exec(struct held **table);

/* What a call has changed that came back at `time`; but for opens by a path and close, of which more must be known. */
void held_call(struct held **table, const struct text_call *call, const struct recorded_memory *memory, uint64_t time);

#endif
