/* A file for each thread, as strace -ff -o PREFIX makes them. */
#include "trace.h"
#include "command.h"

#include <limits.h>
#include <stdlib.h>

/* An event, to be put in the order of threads and, within one, of time. */
struct place {
	const struct event *event;
	int thread;
};

static int by_thread(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->event < y->event ? -1 : x->event > y->event;
}

static FILE *open_for(const char *prefix, int thread)
{
	char path[PATH_MAX];
	FILE *to = NULL;

	if (snprintf(path, sizeof path, "%s.%d", prefix, thread) < (int)sizeof path)
		to = fopen(path, "we");
	if (!to)
		fprintf(stderr, "sysshim trace: -o %s: %s: %m\n", prefix, path);
	return to;
}

static int is_line(const struct record_word *word)
{
	return word->kind != RECORD_COUNTER;
}

int trace_by_thread(struct trace *t, const char *prefix)
{
	const struct recording *r = &t->recording;
	struct place *places = malloc((r->events_count + 1) * sizeof *places);
	size_t count = 0;
	int fine = places != NULL;

	for (size_t i = 0; fine && i < r->events_count; i++)
		if (is_line(event_record(r, &r->events[i])))
			places[count++] = (struct place){&r->events[i], trace_thread(t, &r->events[i])};
	if (count)
		qsort(places, count, sizeof *places, by_thread);
	t->no_threads = 1;
	for (size_t i = 0; fine && i < count;) {
		int thread = places[i].thread;
		t->to = open_for(prefix, thread);
		fine = t->to != NULL;
		for (t->before = 0; i < count && places[i].thread == thread; i++)
			if (fine)
				trace_text_event(t, places[i].event);
		if (!fine)
			break;
		trace_text_end(t);
		/* NB: a full disk is met here at the latest. */
		int failed = ferror(t->to);
		if (fclose(t->to) != 0 || failed) {
			fprintf(stderr, "sysshim trace: -o %s.%d: %m\n", prefix, thread);
			fine = 0;
		}
	}
	t->to = stdout;
	free(places);
	return fine;
}
