/* The events of all files of a recording, in the order of time. */
#include "recording.h"

#include <stdlib.h>

/* The files that are being read, a heap by the time of each one's next event; of two that are equal the earlier file comes first. Those whose
 * birth is still to come wait in the order of it. */
struct merge {
	struct event *heap;
	unsigned count;
	int is_given; /* the first one has been given out: its file is to go on before the next is looked for */
	unsigned *waiting; /* indexes of sources */
	unsigned next;     /* of them */
};

static int comes_first(const struct event *a, const struct event *b)
{
	return a->time != b->time ? a->time < b->time : a->source < b->source;
}

static void sink(struct merge *m, unsigned i)
{
	for (unsigned child; (child = 2 * i + 1) < m->count; i = child) {
		child += child + 1 < m->count && comes_first(&m->heap[child + 1], &m->heap[child]);
		if (!comes_first(&m->heap[child], &m->heap[i]))
			return;
		struct event other = m->heap[i];
		m->heap[i] = m->heap[child];
		m->heap[child] = other;
	}
}

static void add(struct merge *m, const struct event *e)
{
	unsigned i = m->count++;

	for (; i && comes_first(e, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = *e;
}

static const struct recording *waiting_in;

static int by_birth(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	uint64_t at_x = waiting_in->sources[x].began, at_y = waiting_in->sources[y].began;

	if (at_x != at_y)
		return at_x < at_y ? -1 : 1;
	return x < y ? -1 : x > y;
}

void recording_rewind(struct recording *r)
{
	struct merge *m = r->merge;

	if (!m) {
		m = r->merge = resized(NULL, sizeof *m);
		m->heap = resized(NULL, (r->sources_count + 1) * sizeof *m->heap);
		m->waiting = resized(NULL, (r->sources_count + 1) * sizeof *m->waiting);
	}
	m->count = m->next = 0;
	m->is_given = 0;
	r->ahead = 0;
	for (unsigned i = 0; i < r->sources_count; i++) {
		source_close(&r->sources[i]);
		m->waiting[i] = i;
	}
	waiting_in = r;
	qsort(m->waiting, r->sources_count, sizeof *m->waiting, by_birth);
}

static int take(struct recording *r, struct event *e)
{
	struct merge *m = r->merge;
	struct event next;

	if (m->is_given) {
		unsigned source = m->heap[0].source;
		if (!source_next(r, source, &m->heap[0])) {
			source_close(&r->sources[source]);
			m->heap[0] = m->heap[--m->count];
		}
		sink(m, 0);
		m->is_given = 0;
	}
	while (m->next < r->sources_count && (!m->count || r->sources[m->waiting[m->next]].began <= m->heap[0].time)) {
		unsigned index = m->waiting[m->next++];
		source_rewind(&r->sources[index]);
		if (source_next(r, index, &next))
			add(m, &next);
		else
			source_close(&r->sources[index]);
	}
	if (!m->count)
		return 0;
	*e = m->heap[0];
	m->is_given = 1;
	return 1;
}

const struct event *recording_peek(struct recording *r)
{
	if (!r->ahead && !take(r, &r->next))
		return NULL;
	r->ahead = 1;
	return &r->next;
}

int recording_next(struct recording *r, struct event *e)
{
	if (!r->ahead)
		return take(r, e);
	r->ahead = 0;
	*e = r->next;
	return 1;
}

void recording_close(struct recording *r)
{
	for (unsigned i = 0; i < r->sources_count; i++)
		source_close(&r->sources[i]);
	if (r->merge) {
		free(r->merge->heap);
		free(r->merge->waiting);
	}
	free(r->merge);
	r->merge = NULL;
}
