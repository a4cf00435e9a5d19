/* The processes of a recording, and whose an event is; see places_who.h. */
#include "places_who.h"

#include <stdlib.h>
#include <string.h>

struct place *places_last(const struct places *p, int pid)
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

struct place *places_find(const struct places *p, int pid, uint64_t family)
{
	struct place *place = places_last(p, pid);

	while (place && !is_of_family(place, family))
		place = place->before;
	return place;
}

void places_add(struct places *p, struct place *place, uint64_t family)
{
	struct place *last = places_last(p, place->pid);

	p->recent.place = NULL;
	if (last)
		HASH_DEL(p->places, last);
	place->before = last;
	place->family = family;
	place->process = ++p->count;
	HASH_ADD_INT(p->places, pid, place);
}

struct worker *worker_find(struct worker *table, uint32_t source, int thread)
{
	struct worker like, *found;

	memset(&like, 0, sizeof like);
	like.key.source = source;
	like.key.thread = thread;
	HASH_FIND(hh, table, &like.key, sizeof like.key, found);
	return found;
}

void worker_make(struct worker **table, uint32_t source, int thread, struct place *place)
{
	struct worker *w = zeroed(sizeof *w);

	w->key.source = source;
	w->key.thread = thread;
	w->place = place;
	HASH_ADD(hh, *table, key, sizeof w->key, w);
}

void worker_drop(struct places *p, struct worker *worker)
{
	HASH_DEL(p->workers, worker);
	free(worker);
	p->recent.place = NULL;
}

int places_thread(const struct places *p, const struct event *e)
{
	return recorded_thread(&p->recording->sources[e->source], event_record(p->recording, e));
}

int places_is_recent(const struct places *p, const struct event *e, int thread)
{
	return p->recent.place && p->recent.source == e->source && p->recent.thread == thread;
}

struct place *places_at(const struct places *p, uint32_t source, int thread)
{
	struct worker *w = worker_find(p->workers, source, thread);

	if (!w)
		w = worker_find(p->workers, source, p->recording->sources[source].header->pid);
	return w ? w->place : NULL;
}

struct place *places_of(struct places *p, const struct event *e)
{
	int thread = places_thread(p, e);

	if (!places_is_recent(p, e, thread)) {
		p->recent.source = e->source;
		p->recent.thread = thread;
		p->recent.place = places_at(p, e->source, thread);
	}
	return p->recent.place;
}

struct place *expected_take(struct places *p, int pid, uint64_t family)
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

void expected_add(struct places *p, int pid, uint64_t family, const struct place *from)
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

int places_has_threads(const struct places *p, uint32_t source, const struct place *place)
{
	unsigned count = place->threaded;

	for (const struct worker *w = p->workers; w; w = w->hh.next)
		count += w->key.source == source && w->place == place;
	return count > 1;
}

void places_go_elsewhere(struct places *p, struct place *place)
{
	p->elsewhere += !place->elsewhere;
	place->elsewhere = 1;
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
	struct worker *worker, *next;
	struct expected *expected, *expected_before;

	while ((place = p->places)) {
		HASH_DEL(p->places, place);
		for (; place; place = before) {
			before = place->before;
			place_free(place);
		}
	}
	HASH_ITER(hh, p->workers, worker, next)
	{
		worker_drop(p, worker);
	}
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
