/* A recording is added up for its page: what each program did when. */
#include "files_row.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

const char *const report_groups[GROUPS] = {"reading and writing", "files and names", "waiting", "other calls"};

enum group report_group(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);

	if (row && row->flags & (CALL_BYTES_IN | CALL_BYTES_OUT))
		return GROUP_BYTES;
	if (row && row->flags & (CALL_FILE | CALL_DESC) && !(row->flags & CALL_WAITS && row->class == CLASS_MAY_BLOCK))
		return GROUP_FILES;
	return row && row->flags & CALL_WAITS ? GROUP_WAITS : GROUP_OTHERS;
}

static uint64_t ended(const struct source *s)
{
	return s->header->ended ? s->header->ended - s->header->epoch + s->epoch : 0;
}

/* When anything happened last in a program whose end is not known. */
static uint64_t last_event(struct recording *r, unsigned index)
{
	uint64_t last = r->sources[index].began;
	struct event e;

	source_rewind(&r->sources[index]);
	while (source_next(r, index, &e))
		last = e.time > last ? e.time : last;
	source_close(&r->sources[index]);
	return last;
}

static int by_length(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;
	uint64_t p = x->to - x->from, q = y->to - y->from;

	return p != q ? (p < q ? 1 : -1) : x->from < y->from ? -1 : x->from > y->from;
}

static int by_beginning(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;

	return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->first->header->pid - y->first->header->pid;
}

static double column(const struct report *p)
{
	return (double)(p->to - p->from) / COLUMNS;
}

static unsigned column_at(const struct report *p, double time)
{
	double at = time / column(p);

	return at < 0 ? 0 : at >= COLUMNS ? COLUMNS - 1 : (unsigned)at;
}

/* from and to: since the picture's beginning. */
static void add_time(const struct report *p, struct lane *l, enum group group, double from, double to)
{
	double width = column(p);

	for (unsigned i = column_at(p, from); i < COLUMNS && i * width < to; i++) {
		double begin = from > i * width ? from : i * width, end = to < (i + 1) * width ? to : (i + 1) * width;
		l->time[i][group] += end > begin ? end - begin : 0;
	}
}

/* Whose events are told. */
struct told {
	struct report *report;
	struct lane *lane;
};

static void add_event(void *self, const struct event *e)
{
	const struct told *told = self;
	struct report *p = told->report;
	struct lane *l = told->lane;
	const struct record_word *word = event_record(&p->recording, e);
	struct recorded_memory memory;
	struct text_call call;

	if (word->kind != RECORD_CALL && word->kind != RECORD_COALESCED)
		return;
	recorded_call(&p->recording.sources[e->source], word, &call, &memory);
	double at = e->time > p->from ? (double)(e->time - p->from) : 0, duration = word->kind == RECORD_CALL ? (double)((const struct record_call *)word)->duration : 0;
	l->calls++;
	if (l->time)
		add_time(p, l, report_group(call.number), at > duration ? at - duration : 0, at);
	int is_read, is_written;
	call_moved(&call, &is_read, &is_written);
	if (is_read)
		p->read[column_at(p, at)] += (double)call.result;
	if (is_written)
		p->written[column_at(p, at)] += (double)call.result;
}

/* Images of one process stand behind one another. */
static int by_process(const void *a, const void *b)
{
	const struct source *x = *(const struct source *const *)a, *y = *(const struct source *const *)b;

	return x->header->pid != y->header->pid ? (x->header->pid < y->header->pid ? -1 : 1) : x->began < y->began ? -1 : x->began > y->began;
}

/* numbers: of each source the number of its lane. */
static void find_lanes(struct report *p, unsigned *numbers)
{
	struct recording *r = &p->recording;
	const struct source **sources = zeroed((r->sources_count + 1) * sizeof *sources);

	for (unsigned i = 0; i < r->sources_count; i++)
		sources[i] = &r->sources[i];
	qsort(sources, r->sources_count, sizeof *sources, by_process);
	p->lanes = zeroed((r->sources_count + 1) * sizeof *p->lanes);
	p->from = UINT64_MAX;
	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct source *s = sources[i];
		unsigned index = (unsigned)(s - r->sources);
		uint64_t to = ended(s) ? ended(s) : last_event(r, index);
		if (!i || s->header->pid != sources[i - 1]->header->pid || !s->header->later_image) {
			p->lanes[p->processes] = (struct lane){.number = p->processes, .first = s, .from = s->began};
			p->processes++;
		}
		struct lane *l = &p->lanes[p->processes - 1];
		numbers[index] = l->number;
		l->last = s;
		l->to = to > l->from ? to : l->from + 1;
		p->from = l->from < p->from ? l->from : p->from;
		p->to = l->to > p->to ? l->to : p->to;
	}
	free(sources);
}

/* What each process did when, and what all calls add up to. */
static void add_lanes(struct report *p)
{
	struct recording *r = &p->recording;
	unsigned *numbers = zeroed((r->sources_count + 1) * sizeof *numbers);
	struct filter all;

	filter_all(&all);
	find_lanes(p, numbers);
	qsort(p->lanes, p->processes, sizeof *p->lanes, by_length);
	p->lanes_count = p->processes < LANES ? p->processes : LANES;
	qsort(p->lanes, p->lanes_count, sizeof *p->lanes, by_beginning);
	struct lane **lanes = zeroed((p->processes + 1) * sizeof *lanes);
	for (unsigned i = 0; i < p->processes; i++) {
		lanes[p->lanes[i].number] = &p->lanes[i];
		p->lanes[i].time = i < p->lanes_count ? zeroed(COLUMNS * sizeof *p->lanes->time) : NULL;
	}
	for (unsigned i = 0; i < r->sources_count; i++)
		totals_add(&p->totals, r, i, &all, 1, add_event, &(struct told){p, lanes[numbers[i]]});
	free(lanes);
	free(numbers);
}

void report_add_up(struct report *p)
{
	p->recording.whole = 1;
	add_lanes(p);
	totals_put_in_order(&p->totals);
	p->files.recording = &p->recording;
	files_add_all(&p->files);
	HASH_SORT(p->files.table, file_by_path);
}

void report_free(struct report *p)
{
	files_free(&p->files);
	totals_clear(&p->totals);
	for (unsigned i = 0; i < p->lanes_count; i++)
		free(p->lanes[i].time);
	free(p->lanes);
}
