/* A file for each thread, as strace -ff -o PREFIX makes them. */
#include "trace.h"
#include "command.h"
#include "print.h"

#include <limits.h>
#include <stdlib.h>

/* An event, to be put in the order of threads and, within one, of time. */
struct place {
	struct event event;
	uint64_t order;
	int thread;
};

static int by_thread(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static FILE *open_for(const char *prefix, int thread)
{
	char path[PATH_MAX];
	FILE *to = NULL;

	if (snprintf(path, sizeof path, "%s.%d", prefix, thread) < (int)sizeof path)
		to = fopen(path, "we");
	if (!to)
		print_complaint("sysshim trace: -o %s: %s: %m", prefix, path);
	return to;
}

static int is_line(const struct record_word *word)
{
	switch (word->kind) {
	case RECORD_CALL:
	case RECORD_BEGIN:
	case RECORD_COALESCED:
	case RECORD_BATCH:
	case RECORD_SIGNAL:
	case RECORD_NOTE:
		return 1;
	default:
		return 0;
	}
}

int trace_by_thread(struct trace *t, const char *prefix)
{
	struct recording *r = &t->recording;
	struct place *places = NULL;
	size_t count = 0, room = 0;
	struct event e;
	int fine = 1;

	recording_rewind(r);
	while (recording_next(r, &e)) {
		if (!is_line(event_record(r, &e)))
			continue;
		places = grown(places, count, &room, sizeof *places);
		places[count] = (struct place){e, count, recorded_thread(&t->recording.sources[e.source], event_record(&t->recording, &e))};
		count++;
	}
	if (count)
		qsort(places, count, sizeof *places, by_thread);
	t->no_threads = 1;
	for (size_t i = 0; fine && i < count;) {
		int thread = places[i].thread;
		t->to = open_for(prefix, thread);
		fine = t->to != NULL;
		for (t->before = 0; i < count && places[i].thread == thread; i++)
			if (fine && event_hold(r, &places[i].event))
				trace_text_event(t, &places[i].event);
		if (!fine)
			break;
		trace_text_end(t);
		/* NB: a full disk is met here at the latest. */
		int failed = ferror(t->to);
		if (fclose(t->to) != 0 || failed) {
			print_complaint("sysshim trace: -o %s.%d: %m", prefix, thread);
			fine = 0;
		}
	}
	t->to = stdout;
	free(places);
	return fine;
}
