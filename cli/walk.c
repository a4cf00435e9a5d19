/* Ends are put to beginnings. */
#include "walk.h"
#include "ahead.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Calls that have begun and whose end has not been read yet, by file and serial. */
struct begun {
	struct {
		uint32_t source, serial;
	} key;
	struct event event;
	UT_hash_handle hh;
};

static struct begun *find(struct begun *table, const struct event *e, uint32_t serial)
{
	struct begun like, *found;

	memset(&like, 0, sizeof like);
	like.key.source = e->source;
	like.key.serial = serial;
	HASH_FIND(hh, table, &like.key, sizeof like.key, found);
	return found;
}

static void begun_add(struct begun **table, const struct event *e, uint32_t serial)
{
	struct begun *b = find(*table, e, serial) ? NULL : calloc(1, sizeof *b);

	if (!b)
		return;
	b->key.source = e->source;
	b->key.serial = serial;
	b->event = *e;
	HASH_ADD(hh, *table, key, sizeof b->key, b);
}

static void begun_end(struct begun **table, const struct event *e, uint32_t serial)
{
	struct begun *b = find(*table, e, serial);

	if (!b)
		return;
	HASH_DEL(*table, b);
	free(b);
}

/* The exec that has led to the image whose first record `e` is (RESUMED with serial 0) is taken out: 1, and its event. */
static int begun_exec(struct begun **table, const struct recording *r, const struct event *e, struct event *began)
{
	struct begun *b, *next;

	HASH_ITER(hh, *table, b, next)
	{
		const struct record_call *call = (const void *)event_record(r, &b->event);
		/* A vfork child's exec stands in its parent's file, under its own number; that of any other thread gives the process's number to what follows. */
		int pid = r->sources[e->source].header->pid;
		if (!is_exec(call->number) || (call->thread != pid && (r->sources[b->event.source].header->pid != pid || is_exec_of_image(r, &b->event))))
			continue;
		*began = b->event;
		HASH_DEL(*table, b);
		free(b);
		return 1;
	}
	return 0;
}

/* Takes one out: 1, and its event; 0: there is none left. In the order in which they began. */
static int begun_left(struct begun **table, struct event *e)
{
	struct begun *b = *table;

	if (!b)
		return 0;
	*e = b->event;
	HASH_DEL(*table, b);
	free(b);
	return 1;
}

/* Gathered writes of the same kind that stand in a row behind this event are taken: how many, with itself. */
static size_t take_row(struct recording *r, const struct event *e)
{
	struct record_coalesced first = *(const struct record_coalesced *)event_record(r, e);
	const struct event *next;
	struct event taken;
	size_t count = 1;

	for (; (next = recording_peek(r)) && next->source == e->source; count++) {
		const struct record_coalesced *other = (const void *)event_record(r, next);
		if (other->word.kind != RECORD_COALESCED || other->fd != first.fd || other->bytes != first.bytes)
			break;
		recording_next(r, &taken);
	}
	return count;
}

void walk(struct recording *r, const struct filter *f, const struct walker *w)
{
	struct begun *begun = NULL;
	struct event event, left;
	const struct event *e = &event;

	recording_rewind(r);
	while (recording_next(r, &event)) {
		const struct record_word *word = event_record(r, e);
		if ((word->kind == RECORD_BATCH || word->kind == RECORD_SIGNAL) && w->other && (!f->pid || f->pid == r->sources[e->source].header->pid))
			w->other(w->self, e);
		if (!filter_takes(f, r, e))
			continue;
		if (filter_by_outcome(f) && is_exec_done(r, e)) {
			w->call(w->self, e, END_IN_IMAGE, 1);
		} else if (word->kind == RECORD_BEGIN) {
			begun_add(&begun, e, ((const struct record_call *)word)->serial);
		} else if (is_exec_end(word)) {
			if (begun_exec(&begun, r, e, &left))
				w->call(w->self, &left, END_IN_IMAGE, 1);
		} else {
			if (word->kind == RECORD_CALL && word->flags & RECORD_RESUMED)
				begun_end(&begun, e, ((const struct record_call *)word)->serial);
			w->call(w->self, e, END_THERE, w->rows && word->kind == RECORD_COALESCED ? take_row(r, e) : 1);
		}
	}
	while (begun_left(&begun, &left))
		w->call(w->self, &left, is_exec_of_image(r, &left) ? END_IN_IMAGE : END_NOT, 1);
}
