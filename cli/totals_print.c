/* Totals as a table and as JSON; see totals.h. */
#include "totals.h"
#include "print.h"
#include "../format/text.h"

#include <asm/unistd.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int descending(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_calls(const struct row *a, const struct row *b)
{
	return descending(a->calls, b->calls);
}

static int by_errors(const struct row *a, const struct row *b)
{
	return descending(a->errors, b->errors);
}

static int by_most(const struct row *a, const struct row *b)
{
	return descending(a->most, b->most);
}

static int by_nanoseconds(const struct row *a, const struct row *b)
{
	return descending(a->nanoseconds, b->nanoseconds);
}

/* As they are printed: of the calls that have times of their own. */
static double per_call(const struct row *row)
{
	return row->calls > row->coalesced ? (double)row->nanoseconds / (double)(row->calls - row->coalesced) : 0;
}

static int by_average(const struct row *a, const struct row *b)
{
	double x = per_call(a), y = per_call(b);

	return x > y ? -1 : x < y;
}

const char *totals_name(const struct row *row, char room[ROW_NAME])
{
	struct text out = {room, room + ROW_NAME - 1, 0};

	text_row_name(&out, row->number);
	*out.at = 0;
	return room;
}

static int by_name(const struct row *a, const struct row *b)
{
	char rooms[2][ROW_NAME];

	return strcmp(totals_name(a, rooms[0]), totals_name(b, rooms[1]));
}

static int (*order)(const struct row *a, const struct row *b) = by_nanoseconds;

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int first = descending(x->calls > 0, y->calls > 0);

	if (!first && x->calls)
		first = order(x, y);
	/* In an audit nothing took time. */
	if (!first)
		first = by_calls(x, y);
	return first ? first : (int)x->number - (int)y->number;
}

static const struct {
	const char *name;
	int (*order)(const struct row *a, const struct row *b);
} columns[] = {{"time", by_nanoseconds}, {"calls", by_calls}, {"errors", by_errors}, {"name", by_name}, {"avg", by_average}, {"max", by_most},
	       /* strace's other words */
	       {"time-total", by_nanoseconds}, {"total-time", by_nanoseconds}, {"time-percent", by_nanoseconds}, {"count", by_calls}, {"error", by_errors},
	       {"syscall", by_name}, {"syscall-name", by_name}, {"time-avg", by_average}, {"avg-time", by_average}, {"time-max", by_most}, {"max-time", by_most}, {"longest", by_most}};

enum { COLUMNS_SAID = 6 };

int totals_take_column(const char *value)
{
	for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (!strcmp(columns[i].name, value)) {
			order = columns[i].order;
			return 1;
		}
	char names[64] = "";
	for (unsigned i = 0; i < COLUMNS_SAID; i++)
		strcat(strcat(names, " "), columns[i].name);
	print_complaint("sysshim stat: -S %s: no such column; there are:%s", value, names);
	return 0;
}

static int by_batches(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return x->batches != y->batches ? (x->batches < y->batches ? 1 : -1) : strcmp(x->word, y->word);
}

void totals_put_in_order(struct totals *t)
{
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		t->rows[i].number = i;
	qsort(t->rows, SYSCALL_LIMIT, sizeof t->rows[0], compare_rows);
	qsort(t->reasons, REASONS, sizeof t->reasons[0], by_batches);
}

static const struct row *row_of(const struct totals *t, const char *name)
{
	char room[ROW_NAME];

	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++)
		if (!strcmp(totals_name(&t->rows[i], room), name))
			return &t->rows[i];
	return NULL;
}

/* What the numbers suggest, where they are large enough to matter. */
static void advise(const struct totals *t)
{
	const struct row *write = row_of(t, "write"), *open = row_of(t, "openat"), *sync = row_of(t, "fsync");
	uint64_t writes = 0, small = t->writes[0];

	for (unsigned i = 0; i < SIZES; i++)
		writes += t->writes[i];
	if (writes >= 1000 && small * 10 >= writes * 9)
		printf("advice         %" PRIu64 " %% of %" PRIu64 " writes are of at most 100 bytes; %" PRIu64 " of them were gathered%s\n", small * 100 / writes, writes,
		       write ? write->coalesced : 0, write && write->coalesced * 2 < small ? ": what keeps others from it, the summary of a run says" : "");
	if (open && open->calls >= 100 && open->errors * 2 >= open->calls)
		printf("advice         %" PRIu64 " of %" PRIu64 " opens failed: sysshim files --only-missing names what is looked for in vain\n", open->errors, open->calls);
	if (sync && sync->calls >= 100)
		printf("advice         %" PRIu64 " fsync took %.3f s\n", sync->calls, (double)sync->nanoseconds / 1e9);
}

void totals_print(const struct totals *t)
{
	uint64_t total = 0, calls = 0, timed = 0, errors = 0, recorded = 0;
	char name[ROW_NAME];

	for (unsigned i = 0; i < SYSCALL_LIMIT; i++) {
		total += t->rows[i].nanoseconds;
		calls += t->rows[i].calls;
		timed += t->rows[i].calls - t->rows[i].coalesced;
		errors += t->rows[i].errors;
		/* Nothing comes back from it, so there is no record of it. */
		recorded += t->rows[i].number == __NR_rt_sigreturn ? t->rows[i].calls : t->rows[i].recorded;
	}
	printf("%% time     seconds  usecs/call   p50 us    p99 us    max us     calls    errors syscall\n"
	       "------ ----------- ----------- -------- --------- --------- --------- --------- ----------------\n");
	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++) {
		const struct row *row = &t->rows[i];
		printf("%6.2f %11.6f %11.1f ", total ? 100.0 * (double)row->nanoseconds / (double)total : 0.0, (double)row->nanoseconds / 1e9, per_call(row) / 1e3);
		if (row->times)
			printf("%8.1f %9.1f %9.1f %9" PRIu64 " ", (double)totals_percentile(row, 50) / 1e3, (double)totals_percentile(row, 99) / 1e3, (double)row->most / 1e3, row->calls);
		else
			printf("%8s %9s %9s %9" PRIu64 " ", "-", "-", "-", row->calls);
		if (row->errors)
			printf("%9" PRIu64 " %s\n", row->errors, totals_name(row, name));
		else
			printf("%9s %s\n", "", totals_name(row, name));
	}
	printf("------ ----------- ----------- -------- --------- --------- --------- --------- ----------------\n"
	       "100.00 %11.6f %11.1f %29s %9" PRIu64 " %9" PRIu64 " total\n\n", (double)total / 1e9, timed ? (double)total / 1e3 / (double)timed : 0.0, "", calls, errors);
	if (recorded < calls)
		printf("recorded       %" PRIu64 " of these calls: percentiles, max and what follows are theirs\n", recorded);
	sizes_print("bytes a read   ", t->reads);
	sizes_print("bytes a write  ", t->writes);
	if (t->batches)
		printf("gathered       %" PRIu64 " writes in %" PRIu64 " batches, %" PRIu64 " bytes, %.6f s in the kernel: %.1f writes a batch\n", t->batch_writes,
		       t->batches, t->batch_bytes, (double)t->batch_nanoseconds / 1e9, (double)t->batch_writes / (double)t->batches);
	for (unsigned i = 0; i < REASONS && t->reasons[i].batches; i++)
		printf("%s%s %" PRIu64, i ? ", " : "ended by       ", t->reasons[i].word, t->reasons[i].batches);
	if (t->reasons[0].batches)
		putchar('\n');
	advise(t);
}

void totals_print_json(const struct totals *t)
{
	char name[ROW_NAME];
	int first = 1;

	printf("\"calls\":{");
	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++, first = 0) {
		const struct row *row = &t->rows[i];
		printf("%s\"%s\":{\"calls\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"nanoseconds\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"recorded\":%" PRIu64 ",\"coalesced\":%" PRIu64
		       ",\"p50_ns\":%" PRIu64 ",\"p90_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}",
		       first ? "" : ",", totals_name(row, name), row->calls, row->errors, row->nanoseconds, row->bytes, row->recorded, row->coalesced, totals_percentile(row, 50),
		       totals_percentile(row, 90), totals_percentile(row, 99), row->most);
	}
	printf("},");
	sizes_json("read_sizes", t->reads);
	putchar(',');
	sizes_json("write_sizes", t->writes);
	printf(",\"batches\":{\"count\":%" PRIu64 ",\"writes\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"nanoseconds\":%" PRIu64 ",\"ended_by\":{", t->batches,
	       t->batch_writes, t->batch_bytes, t->batch_nanoseconds);
	for (unsigned i = 0; i < REASONS && t->reasons[i].batches; i++) {
		if (i)
			putchar(',');
		print_quoted(stdout, t->reasons[i].word, strlen(t->reasons[i].word));
		printf(":%" PRIu64, t->reasons[i].batches);
	}
	printf("}},");
}
