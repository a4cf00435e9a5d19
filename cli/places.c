/* Working folders and descriptors of the processes in a recording; see places.h.
 *
 * A forked child begins with a copy of what its parent had when the fork began; a child that borrows its parent's memory, and writes into its
 * file under its own number, with what its parent has. A new image keeps what was not to be closed.
 *
 * Numbers of processes come again, and each pid namespace has its own: a recording may have several processes of one number at once. So a file's events
 * are those of its own place; a fork is looked for in the family of its image, and an exec among those of the number that have executed something. */
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

/* The last one of this number, in whatever namespace; `before` leads to the others. */
static struct place *place_last(const struct places *p, int pid)
{
	struct place *place;

	HASH_FIND_INT(p->places, &pid, place);
	return place;
}

/* 0: older recordings do not know it of who was killed, and a tracer of nobody. */
static int is_of_family(const struct place *place, uint64_t family)
{
	return place->family == family || !place->family || !family;
}

static struct place *place_find(const struct places *p, int pid, uint64_t family)
{
	struct place *place = place_last(p, pid);

	while (place && !is_of_family(place, family))
		place = place->before;
	return place;
}

static void place_add(struct places *p, struct place *place, uint64_t family)
{
	struct place *last = place_last(p, place->pid);

	p->recent.place = NULL;
	if (last)
		HASH_DEL(p->places, last);
	place->before = last;
	place->family = family;
	place->process = ++p->count;
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

static void worker_make(struct worker **table, uint32_t source, int thread, struct place *place)
{
	struct worker *w = zeroed(sizeof *w);

	w->key.source = source;
	w->key.thread = thread;
	w->place = place;
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

static struct place *place_at(const struct places *p, uint32_t source, int thread)
{
	struct worker *w = worker_find(p->workers, source, thread);

	if (!w)
		w = worker_find(p->workers, source, p->recording->sources[source].header->pid);
	return w ? w->place : NULL;
}

static struct place *place_of(struct places *p, const struct event *e)
{
	int thread = thread_of(p, e);

	if (!is_recent(p, e, thread)) {
		p->recent.source = e->source;
		p->recent.thread = thread;
		p->recent.place = place_at(p, e->source, thread);
	}
	return p->recent.place;
}

/* What the parent had when it made this child, where that has come back already; NULL: it has not. */
static struct place *expected_take(struct places *p, int pid, uint64_t family)
{
	struct expected *first, *e, **link;

	HASH_FIND_INT(p->expected, &pid, first);
	if (!first)
		return NULL;
	HASH_DEL(p->expected, first);
	for (link = &first; (e = *link) && !is_of_family(e->place, family); link = &e->before)
		;
	struct place *place = e ? e->place : NULL;
	if (e) {
		*link = e->before;
		free(e);
	}
	if (first)
		HASH_ADD_INT(p->expected, pid, first);
	return place;
}

/* What the child's parent had when it forked. */
static struct place *inherited_by(struct places *p, const struct record_header *h)
{
	struct place *expected = expected_take(p, h->pid, h->family), *parent = place_find(p, h->parent, h->family);

	return expected ? expected : place_copy(parent && parent->forked ? parent->forked : NULL, h->pid);
}

/* When it has executed something that nothing of it stands for yet; 0: it has not. */
static uint64_t executed_at(const struct places *p, const struct place *place)
{
	const struct source *s = place->is_borrowing ? NULL : &p->recording->sources[place->source];

	if (!s)
		return place->executing;
	return s->header->end == RECORD_EXECED && s->header->ended ? s->header->ended - s->header->epoch + s->epoch : 0;
}

/* Whose image begins here: who has executed it; NULL: nobody. A child that borrowed memory has a place by its parent's file, and its image does not say that it is a
 * later one. *known: is it certain who it was? Of several that have just executed something it is the one that stood where the image begins. */
static struct place *executed_by(const struct places *p, const struct source *s, int *known)
{
	enum { JUST_NOW = 2000000000 };
	const struct record_header *h = s->header;
	struct place *last = place_last(p, h->pid), *latest = NULL, *here = NULL;
	unsigned just_now = 0, stood_here = 0;

	*known = 1;
	if (last && !last->before)
		return h->later_image || last->executing ? last : NULL;
	for (struct place *place = last; place; place = place->before) {
		const char *folder = path_text(place->folder);
		uint64_t at = executed_at(p, place);
		if (!at || at > s->began || (!h->later_image && !place->is_borrowing))
			continue;
		if (!latest || at > executed_at(p, latest))
			latest = place;
		if (s->began - at > JUST_NOW)
			continue;
		just_now++;
		if (folder && !strcmp(folder, h->directory)) {
			stood_here++;
			here = place;
		}
	}
	*known = just_now < 2 || stood_here == 1;
	if (latest || !h->later_image)
		return just_now > 1 && here ? here : latest;
	*known = 0;
	return last;
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

static struct place *image_begins(struct places *p, const struct event *e)
{
	const struct source *s = &p->recording->sources[e->source];
	const struct record_header *h = s->header;
	int known;
	struct place *place = executed_by(p, s, &known);

	if (place) {
		held_exec(&place->held);
		place->family = h->family;
	} else {
		place = inherited_by(p, h);
		place_add(p, place, h->family);
	}
	if (!known) {
		held_free(&place->held);
		place_go(place, NULL);
	}
	place->began = s->began;
	place->source = e->source;
	place->forks = place->is_borrowing = place->threaded = 0;
	place->executing = 0;
	if (h->directory[0] == '/' && !*place->root)
		place_go(place, path_make(p->paths, h->directory));
	if (h->overwritten)
		begins_late(p, place, e->source);
	return place;
}

/* Has the child of a fork that began then been heard of? What is known of its number may be another's, who has gone. */
static int is_known(const struct places *p, int pid, uint64_t family, uint64_t began)
{
	const struct place *child = place_find(p, pid, family);

	return child && child->began >= began;
}

/* from: what the child has. */
static void expect(struct places *p, int pid, uint64_t family, const struct place *from)
{
	struct expected *before, *expected = zeroed(sizeof *expected);

	/* One of the number that never came. */
	place_free(expected_take(p, pid, family));
	HASH_FIND_INT(p->expected, &pid, before);
	if (before)
		HASH_DEL(p->expected, before);
	expected->pid = pid;
	expected->before = before;
	expected->place = place_copy(from, pid);
	expected->place->family = family;
	HASH_ADD_INT(p->expected, pid, expected);
}

static void fork_ends(struct places *p, const struct event *e, struct place *place, const struct text_call *call, uint64_t flags)
{
	uint32_t source = e->source;
	int pid = (int)call->result;
	uint64_t began = ((const struct record_call *)event_record(p->recording, e))->began + p->recording->sources[source].epoch;

	/* Its beginning may not be there. */
	place->shared |= call->result > 0 ? place_shared_by(flags) : 0;
	place->threaded |= call->result > 0 && flags & CLONE_THREAD;
	/* The number may be another child's, or a thread's, later. */
	struct worker *child = worker_find(p->workers, source, pid);
	if (child && child->place->pid == pid && flags & CLONE_VFORK) {
		HASH_DEL(p->workers, child);
		free(child);
		p->recent.place = NULL;
	}
	/* One that borrows our memory and lives on beside us. */
	if ((flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD)) == CLONE_VM && call->result > 0 && !child)
		expect(p, pid, place->family, place);
	/* A vfork child has a place by its own calls, or needs none. */
	if (flags & (CLONE_THREAD | CLONE_VM) || place->forks <= 0)
		return;
	place->forks--;
	if (call->result > 0 && !(flags & CLONE_VFORK) && !is_known(p, pid, place->family, began) && place->forked)
		expect(p, pid, place->family, place->forked);
}

static void thread_comes(struct places *p, const struct event *e, int thread)
{
	struct place *place = place_at(p, e->source, thread);
	uint64_t flags = borrower_flags(p->recording, e, thread);

	/* Its parent has another number for it. There are no new threads behind such an unshare (clone(2), EINVAL). */
	if (!flags && place->numbers_elsewhere && !place->threaded)
		flags = CLONE_VM | CLONE_VFORK;
	if (flags) {
		struct place *child = expected_take(p, thread, place->family);
		place->shared |= place_shared_by(flags);
		child = child ? child : place_copy(place, thread);
		place_add(p, child, place->family);
		child->is_borrowing = 1;
		place = child;
	}
	worker_make(&p->workers, e->source, thread, place);
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
		worker_make(&p->workers, e->source, s->header->pid, image_begins(p, e));
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
	if (is_exec(call.number) && place_of(p, e)->is_borrowing)
		place_of(p, e)->executing = e->time;
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
	int at = call->number != __NR_rename, known = 1;

	for (int i = 0; i < 2; i++) {
		if (!text_string_at(&memory->memory, call->arguments[at ? 2 * i + 1 : i], given, sizeof given))
			return;
		known &= place_resolve(place, at ? (int)call->arguments[2 * i] : AT_FDCWD, given, paths[i]);
	}
	if (!known) {
		/* Whatever has that name may be what has another one now. */
		paths_lose(p->paths, strrchr(paths[0], '/') + 1);
		if (places_exchange(call))
			paths_lose(p->paths, strrchr(paths[1], '/') + 1);
		return;
	}
	paths_rename(p->paths, path_straight(paths[0], rooms[0]), path_straight(paths[1], rooms[1]), places_exchange(call));
}

/* A child's that borrows our memory stand in the same file, and it is no thread. */
static int has_threads(const struct places *p, uint32_t source, const struct place *place)
{
	unsigned count = place->threaded;

	for (const struct worker *w = p->workers; w; w = w->hh.next)
		count += w->key.source == source && w->place == place;
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
		h = place->shared & CLONE_FILES ? NULL : held_find(&place->held, (int)a[0]);
		place_go(place, h ? path_shared(h->path) : NULL);
		break;
	case __NR_chroot:
		go_elsewhere(p, place);
		place_change_root(place, text_string_at(&memory->memory, a[0], given, sizeof given));
		break;
	case __NR_setns:
		place->numbers_elsewhere |= !a[1] || a[1] & CLONE_NEWPID;
		/* fall through */
	case __NR_pivot_root:
	case __NR_mount:
		go_elsewhere(p, place);
		break;
	case __NR_unshare:
		if (a[0] & CLONE_NEWNS)
			go_elsewhere(p, place);
		place->numbers_elsewhere |= (a[0] & CLONE_NEWPID) != 0;
		if (a[0] & (CLONE_FS | CLONE_FILES) && has_threads(p, e->source, place))
			place->shared |= a[0] & (CLONE_FS | CLONE_FILES);
		break;
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
		renamed(p, place, call, memory);
		break;
	case __NR_close_range:
		if (a[2] & 2 /* CLOSE_RANGE_UNSHARE */ && has_threads(p, e->source, place))
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

int places_process(const struct places *p, const struct event *e, int thread)
{
	const struct place *place = place_at(p, e->source, thread ? thread : thread_of(p, e));

	return place ? place->process : 0;
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
	struct place *place, *before;
	struct expected *expected, *expected_before;

	while ((place = p->places)) {
		HASH_DEL(p->places, place);
		for (; place; place = before) {
			before = place->before;
			place_free(place);
		}
	}
	workers_free(&p->workers);
	while ((expected = p->expected)) {
		HASH_DEL(p->expected, expected);
		for (; expected; expected = expected_before) {
			expected_before = expected->before;
			place_free(expected->place);
			free(expected);
		}
	}
	paths_free(p->paths);
	free(p->begun);
	free(p);
}
