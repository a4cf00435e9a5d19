/* Working folders and descriptors of the processes in a recording; see places.h.
 *
 * A forked child begins with a copy of what its parent had when the fork began; a vfork child, which writes into its parent's file under its own
 * number, with what its parent has. A new image keeps what was not to be closed. */
#include "older_calls.h"
#include "places.h"
#include "ahead.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

/* A thread of a file: whose descriptors it uses. */
struct worker {
	struct {
		uint32_t source;
		int thread;
	} key;
	int pid;
	UT_hash_handle hh;
};

/* A fork that has come back in the parent before its child was heard of. */
struct expected {
	int pid;
	struct place *place;
	UT_hash_handle hh;
};

struct places {
	struct recording *recording;
	struct paths *paths;
	struct place *places;
	struct worker *workers;
	struct expected *expected;
	uint8_t *begun;  /* of each source: its first event was seen */
	unsigned elsewhere;
	uint64_t not_known; /* uses of descriptors that others may have changed */
	/* Most events are of the same thread as the one before: its place, NULL where that may have changed. */
	struct {
		uint32_t source;
		int thread;
		struct place *place;
	} recent;
};

static struct place *place_find(const struct places *p, int pid)
{
	struct place *place;

	HASH_FIND_INT(p->places, &pid, place);
	return place;
}

static void place_replace(struct places *p, struct place *place)
{
	struct place *old = place_find(p, place->pid);

	p->recent.place = NULL;
	if (old) {
		HASH_DEL(p->places, old);
		place_free(old);
	}
	HASH_ADD_INT(p->places, pid, place);
}

static struct worker *worker_find(struct worker *table, uint32_t source, int thread)
{
	struct worker like, *found;

	memset(&like, 0, sizeof like);
	like.key.source = source;
	like.key.thread = thread;
	HASH_FIND(hh, table, &like.key, sizeof like.key, found);
	return found;
}

static void worker_make(struct worker **table, uint32_t source, int thread, int pid)
{
	struct worker *w = zeroed(sizeof *w);

	w->key.source = source;
	w->key.thread = thread;
	w->pid = pid;
	HASH_ADD(hh, *table, key, sizeof w->key, w);
}

static void workers_free(struct worker **table)
{
	struct worker *w, *next;

	HASH_ITER(hh, *table, w, next)
	{
		HASH_DEL(*table, w);
		free(w);
	}
}

static int thread_of(const struct places *p, const struct event *e)
{
	const struct record_word *word = event_record(p->recording, e);

	switch (word->kind) {
	case RECORD_CALL:
	case RECORD_BEGIN:
		return ((const struct record_call *)word)->thread;
	case RECORD_PLACE:
		return ((const struct record_place *)word)->thread;
	case RECORD_COPY:
		return ((const struct record_copy *)word)->thread;
	default:
		return p->recording->sources[e->source].header->pid;
	}
}

static int is_recent(const struct places *p, const struct event *e, int thread)
{
	return p->recent.place && p->recent.source == e->source && p->recent.thread == thread;
}

static struct place *place_of(struct places *p, const struct event *e)
{
	int thread = thread_of(p, e);

	if (!is_recent(p, e, thread)) {
		struct worker *w = worker_find(p->workers, e->source, thread);
		p->recent.source = e->source;
		p->recent.thread = thread;
		p->recent.place = place_find(p, w ? w->pid : p->recording->sources[e->source].header->pid);
	}
	return p->recent.place;
}

/* What the child's parent had when it forked. */
static struct place *inherited_by(struct places *p, const struct record_header *h)
{
	struct expected *expected;
	struct place *parent = place_find(p, h->parent), *place;

	HASH_FIND_INT(p->expected, &h->pid, expected);
	if (expected) {
		HASH_DEL(p->expected, expected);
		place = expected->place;
		free(expected);
		place->pid = h->pid;
		return place;
	}
	return place_copy(parent && parent->forked ? parent->forked : NULL, h->pid);
}

static void go_elsewhere(struct places *p, struct place *place)
{
	p->elsewhere += !place->elsewhere;
	place->elsewhere = 1;
}

/* The oldest records were overwritten: what its descriptors were, and it may have gone elsewhere since it began. */
static void begins_late(struct places *p, struct place *place, uint32_t source)
{
	held_free(&place->held);
	if (has_lost_moves(p->recording, source))
		place_go(place, NULL);
	if (has_lost_roots(p->recording, source)) {
		go_elsewhere(p, place);
		free(place->root);
		place->root = copied("?");
	}
}

static void image_begins(struct places *p, const struct event *e)
{
	const struct record_header *h = p->recording->sources[e->source].header;
	struct place *place = place_find(p, h->pid);
	/* A vfork child's exec comes from its parent's file; its own place is there already. */
	int goes_on = place && (h->later_image || place->is_executing);

	if (!goes_on) {
		place = inherited_by(p, h);
		place_replace(p, place);
	}
	place->began = p->recording->sources[e->source].began;
	place->forks = place->is_executing = 0;
	if (goes_on)
		held_exec(&place->held);
	if (h->directory[0] == '/' && !*place->root)
		place_go(place, path_make(p->paths, h->directory));
	if (h->overwritten)
		begins_late(p, place, e->source);
}

/* Has the child of a fork that began then been heard of? What is known of its number may be another's, who has gone. */
static int is_known(const struct places *p, int pid, uint64_t began)
{
	const struct place *child = place_find(p, pid);

	return child && child->began >= began;
}

static void expect(struct places *p, int pid, const struct place *from)
{
	struct expected *expected;

	HASH_FIND_INT(p->expected, &pid, expected);
	if (!expected) {
		expected = zeroed(sizeof *expected);
		expected->pid = pid;
		HASH_ADD_INT(p->expected, pid, expected);
	}
	place_free(expected->place);
	expected->place = place_copy(from, pid);
}

static void fork_ends(struct places *p, const struct event *e, struct place *place, const struct text_call *call, uint64_t flags)
{
	uint32_t source = e->source;
	int pid = (int)call->result;
	uint64_t began = ((const struct record_call *)event_record(p->recording, e))->began + p->recording->sources[source].epoch;

	/* Its beginning may not be there. */
	place->shared |= call->result > 0 ? place_shared_by(flags) : 0;
	/* The number may be another child's, or a thread's, later. */
	struct worker *child = worker_find(p->workers, source, pid);
	if (child && child->pid == pid && flags & CLONE_VFORK) {
		HASH_DEL(p->workers, child);
		free(child);
		p->recent.place = NULL;
	}
	if (flags & CLONE_THREAD || place->forks <= 0)
		return;
	place->forks--;
	/* A vfork child has a place by its own calls, or needs none. */
	if (call->result > 0 && !(flags & CLONE_VFORK) && !is_known(p, pid, began) && place->forked)
		expect(p, pid, place->forked);
}

static void thread_comes(struct places *p, const struct event *e, int thread)
{
	int pid = p->recording->sources[e->source].header->pid;

	int is_child = vforked_is(p->recording, e, thread);
	worker_make(&p->workers, e->source, thread, is_child ? thread : pid);
	if (is_child)
		place_replace(p, place_copy(place_find(p, pid), thread));
	p->recent.place = NULL;
}

int places_before(struct places *p, const struct event *e)
{
	const struct source *s = &p->recording->sources[e->source];
	const struct record_word *word = event_record(p->recording, e);
	struct recorded_memory memory;
	struct text_call call;
	int is_first = !p->begun[e->source], thread;

	if (is_first) {
		p->begun[e->source] = 1;
		worker_make(&p->workers, e->source, s->header->pid, s->header->pid);
		image_begins(p, e);
	}
	if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_PLACE && word->kind != RECORD_COPY)
		return is_first;
	thread = thread_of(p, e);
	if (!is_recent(p, e, thread) && !worker_find(p->workers, e->source, thread))
		thread_comes(p, e, thread);
	if (word->kind == RECORD_PLACE)
		place_told(p->paths, place_of(p, e), (const void *)word);
	if (word->kind == RECORD_COPY)
		place_copied(place_of(p, e), (const void *)word);
	if (word->kind != RECORD_BEGIN)
		return is_first;
	recorded_call(s, word, &call, &memory);
	if (is_fork(call.number))
		place_forks(place_of(p, e), fork_flags(&call, &memory));
	/* Its image, which says nothing of it, goes on from here. */
	if (is_exec(call.number) && vforked_is(p->recording, e, thread))
		place_of(p, e)->is_executing = 1;
	return is_first;
}

int places_resolve(struct places *p, const struct event *e, int64_t directory, const char *given, char to[PATH_ROOM])
{
	return place_resolve(place_of(p, e), directory, given, to);
}

/* A thread that closes a number may record it only when another one has opened a file under that number: what it has closed is the one before. */
static int is_late(const struct places *p, const struct event *e, const struct held *h)
{
	const struct record_call *record = (const void *)event_record(p->recording, e);
	int is_call = record->word.kind == RECORD_CALL || record->word.kind == RECORD_BEGIN;

	return h && is_call && record->began && record->began + p->recording->sources[e->source].epoch < h->since;
}

const char *places_path(struct places *p, const struct event *e, int fd)
{
	const struct place *place = place_of(p, e);
	const struct held *h = place_holds(place, fd);
	const char *path = path_text(fd == AT_FDCWD && place ? place->folder : h ? h->path : NULL);

	if (place && (place->shared & (fd == AT_FDCWD ? CLONE_FS : CLONE_FILES) || is_late(p, e, h)))
		return NULL;
	return path && *path != '?' ? path : NULL;
}

int places_exchange(const struct text_call *call)
{
	return call->number == __NR_renameat2 && call->arguments[4] & 2 /* RENAME_EXCHANGE */;
}

static void renamed(struct places *p, struct place *place, const struct text_call *call, const struct recorded_memory *memory)
{
	char paths[2][PATH_ROOM], rooms[2][PATH_ROOM], given[RECORDED_PATH];
	int at = call->number != __NR_rename;

	if (!text_string_at(&memory->memory, call->arguments[at], given, sizeof given) ||
	    !place_resolve(place, at ? (int)call->arguments[0] : AT_FDCWD, given, paths[0]) ||
	    !text_string_at(&memory->memory, call->arguments[at ? 3 : 1], given, sizeof given) ||
	    !place_resolve(place, at ? (int)call->arguments[2] : AT_FDCWD, given, paths[1]))
		return;
	paths_rename(p->paths, path_straight(paths[0], rooms[0]), path_straight(paths[1], rooms[1]), places_exchange(call));
}

/* A vfork child's calls stand in the same file, and it is no thread. */
static int has_threads(const struct places *p, uint32_t source, int pid)
{
	unsigned count = 0;

	for (const struct worker *w = p->workers; w; w = w->hh.next)
		count += w->key.source == source && w->pid == pid;
	return count > 1;
}

void places_after(struct places *p, const struct event *e, const struct text_call *call, const struct recorded_memory *memory)
{
	char given[RECORDED_PATH], path[PATH_ROOM];
	struct place *place = place_of(p, e);
	const uint64_t *a = call->arguments;
	const struct held *h;

	/* The descriptor is closed whatever is answered (close(2)), unless it was none. */
	if (place && call->number == __NR_close && call->result != -EBADF && !is_late(p, e, held_find(&place->held, (int)a[0])))
		held_drop(&place->held, (int)a[0]);
	if (!place || is_failure(call->result)) {
		if (place && is_fork(call->number))
			fork_ends(p, e, place, call, fork_flags(call, memory));
		return;
	}
	switch (call->number) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		fork_ends(p, e, place, call, fork_flags(call, memory));
		break;
	case __NR_chdir:
		if (text_string_at(&memory->memory, a[0], given, sizeof given))
			place_go(place, path_make(p->paths, place_resolve(place, AT_FDCWD, given, path) ? path : NULL));
		else
			place_go(place, NULL);
		break;
	case __NR_fchdir:
		h = held_find(&place->held, (int)a[0]);
		place_go(place, h ? path_shared(h->path) : NULL);
		break;
	case __NR_chroot:
		go_elsewhere(p, place);
		place_change_root(place, text_string_at(&memory->memory, a[0], given, sizeof given));
		break;
	case __NR_pivot_root:
	case __NR_setns:
	case __NR_mount:
		go_elsewhere(p, place);
		break;
	case __NR_unshare:
		if (a[0] & CLONE_NEWNS)
			go_elsewhere(p, place);
		if (a[0] & (CLONE_FS | CLONE_FILES) && has_threads(p, e->source, place->pid))
			place->shared |= a[0] & (CLONE_FS | CLONE_FILES);
		break;
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
		renamed(p, place, call, memory);
		break;
	case __NR_close_range:
		if (a[2] & 2 /* CLOSE_RANGE_UNSHARE */ && has_threads(p, e->source, place->pid))
			place->shared |= CLONE_FILES;
		else
			held_call(&place->held, call, memory, e->time);
		break;
	default:
		held_call(&place->held, call, memory, e->time);
		break;
	}
}

void places_opened(struct places *p, const struct event *e, int fd, const char *path, void *owner, int closes_at_exec)
{
	struct place *place = place_of(p, e);

	if (place)
		held_set(&place->held, fd, path_make(p->paths, path), owner, closes_at_exec, e->time);
}

void *places_owner(struct places *p, const struct event *e, int fd)
{
	struct place *place = place_of(p, e);
	const struct held *h = place_holds(place, fd);

	if (h && h->owner && place->shared & CLONE_FILES) {
		p->not_known++;
		return NULL;
	}
	return h ? h->owner : NULL;
}

uint64_t places_not_known(const struct places *p)
{
	return p->not_known;
}

int places_pid(struct places *p, const struct event *e)
{
	const struct place *place = place_of(p, e);

	return place ? place->pid : p->recording->sources[e->source].header->pid;
}

unsigned places_elsewhere(const struct places *p)
{
	return p->elsewhere;
}

struct places *places_make(struct recording *r)
{
	struct places *p = zeroed(sizeof *p);

	p->recording = r;
	p->paths = paths_make();
	p->begun = zeroed(r->sources_count + 1);
	return p;
}

void places_free(struct places *p)
{
	struct place *place, *next_place;
	struct expected *expected, *next_expected;

	HASH_ITER(hh, p->places, place, next_place)
	{
		HASH_DEL(p->places, place);
		place_free(place);
	}
	workers_free(&p->workers);
	HASH_ITER(hh, p->expected, expected, next_expected)
	{
		HASH_DEL(p->expected, expected);
		place_free(expected->place);
		free(expected);
	}
	paths_free(p->paths);
	free(p->begun);
	free(p);
}
