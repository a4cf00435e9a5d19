/* What the files of places.h share: the processes of a recording, and whose an event is. */
#ifndef CLI_PLACES_WHO_H
#define CLI_PLACES_WHO_H

#include "place.h"
#include "places.h"

/* A thread of a file: whose descriptors it uses. */
struct worker {
	struct {
		uint32_t source;
		int thread;
	} key;
	struct place *place;
	UT_hash_handle hh;
};

/* A fork that has come back in the parent before its child was heard of. */
struct expected {
	int pid;
	struct place *place;
	struct expected *before; /* of the same number */
	UT_hash_handle hh;
};

struct places {
	struct recording *recording;
	struct paths *paths;
	struct place *places;
	struct worker *workers;
	struct expected *expected;
	uint8_t *begun;  /* of each source: its first event was seen */
	unsigned elsewhere, count;
	uint64_t not_known; /* uses of descriptors that others may have changed */
	/* Most events are of the same thread as the one before: its place, NULL where that may have changed. */
	struct {
		uint32_t source;
		int thread;
		struct place *place;
	} recent;
};

/* The last one of this number, in whatever namespace; `before` leads to the others. NULL: there is none. */
struct place *places_last(const struct places *p, int pid);
struct place *places_find(const struct places *p, int pid, uint64_t family);
void places_add(struct places *p, struct place *place, uint64_t family);

/* NULL: this thread of the file has not been heard of. */
struct worker *worker_find(struct worker *table, uint32_t source, int thread);
void worker_make(struct worker **table, uint32_t source, int thread, struct place *place);
void worker_drop(struct places *p, struct worker *worker);

/* Whose thread it is, by the file and by number; whose event. NULL: nobody knows. */
struct place *places_at(const struct places *p, uint32_t source, int thread);
struct place *places_of(struct places *p, const struct event *e);
int places_thread(const struct places *p, const struct event *e);
int places_is_recent(const struct places *p, const struct event *e, int thread);
/* A child's that borrows our memory stand in the same file, and it is no thread. */
int places_has_threads(const struct places *p, uint32_t source, const struct place *place);

/* What the parent had when it made this child, where that has come back already; NULL: it has not. */
struct place *expected_take(struct places *p, int pid, uint64_t family);
/* from: what the child has. */
void expected_add(struct places *p, int pid, uint64_t family, const struct place *from);

void places_go_elsewhere(struct places *p, struct place *place);
/* A fork has come back; its result is in `call`. */
void places_fork_ends(struct places *p, const struct event *e, struct place *place, const struct text_call *call, uint64_t flags);

#endif
