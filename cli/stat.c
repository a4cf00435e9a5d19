/* sysshim stat: a recording in numbers. */
#include "ahead.h"
#include "command.h"
#include "filter.h"
#include "print.h"
#include "sizes.h"

#include <asm/unistd.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char stat_help[] =
	"usage: sysshim stat [OPTION...] [RECORDING]\n"
	"\n"
	"Sums up a recording as strace -c does: a line for each system call, with percentiles of its time; sizes of reads and writes; what was\n"
	"gathered; advice; the files with most bytes; a line for each program. RECORDING is a folder that `sysshim run` made, or a file in it; without it, the newest.\n"
	"\n" FILTER_HELP
	"  -S COLUMN           sort by time (so without -S), calls, errors, name, max\n"
	"      --by=program    the same for each program that a process ran; --by=file: reads and writes of each file, and their sizes (of all calls)\n"
	"      --json          one JSON object; with --by an object a line\n"
	"      --help\n"
	"\n"
	"Percentiles are right to 3 %. Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

/* A histogram of times as HdrHistogram makes it: 32 steps for each power of two, so a value is known to 1/32. */
enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, BUCKETS = (64 - STEP_BITS + 1) * STEPS };

struct row {
	unsigned number;
	uint64_t calls, errors, nanoseconds, bytes, coalesced, most;
	uint64_t recorded; /* of the calls: they have a record, from which times, sizes and what was gathered are known */
	uint32_t *times;
};

enum { REASONS = 64 };

struct totals {
	struct row rows[SYSCALL_LIMIT];
	uint64_t reads[SIZES], writes[SIZES];
	uint64_t batches, batch_writes, batch_bytes, batch_nanoseconds;
	struct reason {
		char word[sizeof((struct record_batch *)0)->ended_by + 1];
		uint64_t batches;
	} reasons[REASONS]; /* why batches ended, as many as there are; the last stands for all that find no place */
};

static unsigned bucket_of(uint64_t value)
{
	if (value < STEPS)
		return (unsigned)value;
	unsigned high = 63 - (unsigned)__builtin_clzll(value), shift = high - STEP_BITS;

	return (shift + 1) * STEPS + (unsigned)(value >> shift & (STEPS - 1));
}

/* The middle of a bucket. */
static uint64_t bucket_value(unsigned bucket)
{
	if (bucket < STEPS)
		return bucket;
	unsigned shift = bucket / STEPS - 1;

	return ((uint64_t)(STEPS + bucket % STEPS) << shift) + ((1ull << shift) >> 1);
}

static uint64_t percentile(const struct row *row, unsigned percent)
{
	uint64_t timed = 0, sum = 0;

	for (unsigned i = 0; row->times && i < BUCKETS; i++)
		timed += row->times[i];
	for (unsigned i = 0; timed && i < BUCKETS; i++) {
		sum += row->times[i];
		if (sum * 100 >= timed * percent)
			return bucket_value(i) < row->most ? bucket_value(i) : row->most;
	}
	return 0;
}

/* Of one file: what its records add up to, and what the process has counted itself, recorded or not. */
struct sums {
	struct sum {
		uint64_t calls, errors, bytes, nanoseconds;
	} recorded[SYSCALL_LIMIT], counted[SYSCALL_LIMIT], since[SYSCALL_LIMIT]; /* since: recorded behind the last counter */
	int any_counted;
};

static void sum_add(struct sum *to, const struct sum *more)
{
	to->calls += more->calls;
	to->errors += more->errors;
	to->bytes += more->bytes;
	to->nanoseconds += more->nanoseconds;
}

static void add_call(struct totals *t, struct sums *sums, const struct record_word *word, const struct text_call *call)
{
	unsigned number = call->number < SYSCALL_LIMIT ? (unsigned)call->number : SYSCALL_LIMIT - 1;
	const struct syscall_row *about = syscall_row(number);
	struct row *row = &t->rows[number];
	struct sum sum = {1, (uint64_t)is_failure(call->result), 0, 0};
	row->coalesced += (word->flags & RECORD_GATHERED) != 0;
	if (about && about->flags & (CALL_BYTES_IN | CALL_BYTES_OUT) && call->result >= 0) {
		sum.bytes = (uint64_t)call->result;
		sizes_add(about->flags & CALL_BYTES_IN ? t->reads : t->writes, (uint64_t)call->result);
	}
	int is_timed = word->kind == RECORD_CALL && !(word->flags & RECORD_GATHERED);
	uint64_t time = is_timed ? ((const struct record_call *)word)->duration : 0;
	sum.nanoseconds = time;
	sum_add(&sums->recorded[number], &sum);
	sum_add(&sums->since[number], &sum);
	if (!is_timed)
		return;
	row->most = time > row->most ? time : row->most;
	if (!row->times)
		row->times = calloc(BUCKETS, sizeof *row->times);
	if (row->times)
		row->times[bucket_of(time)]++;
}

static void add_reason(struct totals *t, const char ended_by[24])
{
	size_t length = strnlen(ended_by, 24);
	unsigned i = 0;

	while (i < REASONS - 1 && t->reasons[i].batches && (strncmp(t->reasons[i].word, ended_by, length) || t->reasons[i].word[length]))
		i++;
	if (!t->reasons[i].batches)
		snprintf(t->reasons[i].word, sizeof t->reasons[i].word, "%.24s", i == REASONS - 1 ? "others" : ended_by);
	t->reasons[i].batches++;
}

static int by_batches(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return x->batches != y->batches ? (x->batches < y->batches ? 1 : -1) : strcmp(x->word, y->word);
}

static void add_event(struct totals *t, struct sums *sums, const struct recording *r, const struct event *e, const struct filter *f)
{
	const struct record_word *word = event_record(r, e);
	const struct source *s = &r->sources[e->source];
	const struct record_batch *batch = (const void *)word;
	const struct record_counter *counter = (const void *)word;
	struct recorded_memory memory;
	struct text_call call;

	if (word->kind == RECORD_BATCH && (!f->pid || f->pid == s->header->pid)) {
		t->batches++;
		t->batch_writes += batch->writes;
		t->batch_bytes += batch->bytes;
		t->batch_nanoseconds += batch->duration;
		add_reason(t, batch->ended_by);
	}
	/* The last one counts. */
	if (word->kind == RECORD_COUNTER && counter->number < SYSCALL_LIMIT) {
		sums->counted[counter->number] = (struct sum){counter->calls, counter->errors, counter->bytes, counter->nanoseconds};
		sums->since[counter->number] = (struct sum){0};
		sums->any_counted = 1;
	}
	/* An exec that has succeeded began in the image before, and its result stands here: no BEGIN is counted but where that says nothing. */
	if ((word->kind == RECORD_BEGIN && !filter_ends_exec(f, r, e)) || !filter_takes(f, r, e))
		return;
	recorded_call(s, word, &call, &memory);
	/* A fork is one call, which comes back twice. */
	if (is_fork(call.number) && !call.result)
		return;
	add_call(t, sums, word, &call);
}

/* A process that has come to its end has counted more than what was recorded, or as much. One that was killed has counted now and then: that is
 * of use where records are missing. */
static void add_sums(struct totals *t, const struct sums *sums, const struct record_header *h, const struct filter *f, int is_by_name)
{
	int has_end = h->end != RECORD_RUNNING, is_counted = is_by_name && sums->any_counted && (has_end || h->overwritten || h->dropped);

	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		int is_wanted = (!f->pid || f->pid == h->pid) && f->trace[number / 64] & h->trace[number / 64] & 1ull << number % 64;
		struct sum counted = sums->counted[number];
		struct row *row = &t->rows[number];
		if (!has_end)
			sum_add(&counted, &sums->since[number]);
		const struct sum *sum = is_counted && is_wanted ? &counted : &sums->recorded[number];
		row->calls += sum->calls;
		row->errors += sum->errors;
		row->bytes += sum->bytes;
		row->nanoseconds += sum->nanoseconds;
		row->recorded += sums->recorded[number].calls;
	}
}

/* is_by_name: filter_by_name. */
static void add_source(struct totals *t, struct recording *r, unsigned index, const struct filter *f, int is_by_name)
{
	static struct sums sums;
	struct source *s = &r->sources[index];
	struct event e;

	memset(&sums, 0, sizeof sums);
	source_rewind(s);
	while (source_next(r, index, &e))
		add_event(t, &sums, r, &e, f);
	source_close(s);
	/* The counters of a process have its vfork children's calls in them, which are not the process's own. */
	add_sums(t, &sums, s->header, f, is_by_name && !(f->pid && vforked_any(r, index)));
}

static int (*order)(const struct row *a, const struct row *b);

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

static const char *row_name(const struct row *row)
{
	const char *name = syscall_name(row->number);

	return name ? name : "other";
}

static int by_name(const struct row *a, const struct row *b)
{
	return strcmp(row_name(a), row_name(b));
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int first = descending(x->calls > 0, y->calls > 0);

	if (!first && x->calls)
		first = order(x, y);
	return first ? first : (int)x->number - (int)y->number;
}

static const struct {
	const char *name;
	int (*order)(const struct row *a, const struct row *b);
} columns[] = {{"time", by_nanoseconds}, {"calls", by_calls}, {"errors", by_errors}, {"name", by_name}, {"max", by_most}};

static int take_column(const char *value)
{
	for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (!strcmp(columns[i].name, value)) {
			order = columns[i].order;
			return 1;
		}
	fprintf(stderr, "sysshim stat: -S %s: no such column; there are:", value);
	for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
		fprintf(stderr, " %s", columns[i].name);
	fputc('\n', stderr);
	return 0;
}

static const struct row *row_of(const struct totals *t, const char *name)
{
	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++)
		if (!strcmp(row_name(&t->rows[i]), name))
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

static void print_table(const struct totals *t)
{
	uint64_t total = 0, calls = 0, errors = 0, recorded = 0;

	for (unsigned i = 0; i < SYSCALL_LIMIT; i++) {
		total += t->rows[i].nanoseconds;
		calls += t->rows[i].calls;
		errors += t->rows[i].errors;
		/* Nothing comes back from it, so there is no record of it. */
		recorded += t->rows[i].number == __NR_rt_sigreturn ? t->rows[i].calls : t->rows[i].recorded;
	}
	printf("%% time     seconds  usecs/call   p50 us    p99 us    max us     calls    errors syscall\n"
	       "------ ----------- ----------- -------- --------- --------- --------- --------- ----------------\n");
	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++) {
		const struct row *row = &t->rows[i];
		uint64_t timed = row->calls - row->coalesced;
		printf("%6.2f %11.6f %11.1f ", total ? 100.0 * (double)row->nanoseconds / (double)total : 0.0, (double)row->nanoseconds / 1e9,
		       timed ? (double)row->nanoseconds / 1e3 / (double)timed : 0.0);
		if (row->times)
			printf("%8.1f %9.1f %9.1f %9" PRIu64 " ", (double)percentile(row, 50) / 1e3, (double)percentile(row, 99) / 1e3, (double)row->most / 1e3, row->calls);
		else
			printf("%8s %9s %9s %9" PRIu64 " ", "-", "-", "-", row->calls);
		if (row->errors)
			printf("%9" PRIu64 " %s\n", row->errors, row_name(row));
		else
			printf("%9s %s\n", "", row_name(row));
	}
	printf("------ ----------- ----------- -------- --------- --------- --------- --------- ----------------\n"
	       "100.00 %11.6f %41s %9" PRIu64 " %9" PRIu64 " total\n\n", (double)total / 1e9, "", calls, errors);
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

static void print_text(const struct totals *t, struct recording *r, const struct filter *f)
{
	char end[RECORDED_END], program[4 * sizeof r->sources->header->program];

	print_table(t);
	/* It is of all calls: an open that is not shown says whose the bytes are. */
	if (!filter_by_call(f)) {
		printf("\nbytes by file:\n");
		files_busiest(r, f->pid, 10);
	}
	printf("\n");
	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct source *s = &r->sources[i];
		if (f->pid && s->header->pid != f->pid)
			continue;
		recorded_text(program, sizeof program, s->header->program, sizeof s->header->program);
		printf("%-7d %-16s %10" PRIu64 " records, %s\n", s->header->pid, program, s->records, recorded_end(s->header, end));
	}
}

/* What an object has of them, without its braces. */
static void print_json(const struct totals *t)
{
	int first = 1;

	printf("\"calls\":{");
	for (unsigned i = 0; i < SYSCALL_LIMIT && t->rows[i].calls; i++, first = 0) {
		const struct row *row = &t->rows[i];
		printf("%s\"%s\":{\"calls\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"nanoseconds\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"recorded\":%" PRIu64 ",\"coalesced\":%" PRIu64
		       ",\"p50_ns\":%" PRIu64 ",\"p90_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}",
		       first ? "" : ",", row_name(row), row->calls, row->errors, row->nanoseconds, row->bytes, row->recorded, row->coalesced, percentile(row, 50),
		       percentile(row, 90), percentile(row, 99), row->most);
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

static void put_in_order(struct totals *t)
{
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		t->rows[i].number = i;
	qsort(t->rows, SYSCALL_LIMIT, sizeof t->rows[0], compare_rows);
	qsort(t->reasons, REASONS, sizeof t->reasons[0], by_batches);
}

static void clear(struct totals *t)
{
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		free(t->rows[i].times);
	memset(t, 0, sizeof *t);
}

/* --by=program: each program that a process ran for itself. */
static void print_by_program(struct totals *t, struct recording *r, const struct filter *f, int json)
{
	char end[RECORDED_END];
	int is_by_name = filter_by_name(f, r);

	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct record_header *h = r->sources[i].header;
		if (f->pid && f->pid != h->pid)
			continue;
		add_source(t, r, i, f, is_by_name);
		put_in_order(t);
		if (json) {
			printf("{\"pid\":%d,\"program\":", h->pid);
			print_quoted(stdout, h->program, strnlen(h->program, sizeof h->program));
			printf(",\"end\":\"%s\",\"status\":%d,", recorded_end_word(h), h->status);
			print_json(t);
			printf("\"records\":%" PRIu64 "}\n", r->sources[i].records);
		} else {
			printf("%d ", h->pid);
			print_escaped(stdout, h->program, strnlen(h->program, sizeof h->program));
			printf(": %" PRIu64 " records, %s\n", r->sources[i].records, recorded_end(h, end));
			print_table(t);
			putchar('\n');
		}
		clear(t);
	}
}

enum by { BY_NOTHING, BY_PROGRAM, BY_FILE };

static int take_by(const char *value, enum by *by)
{
	*by = !strcmp(value, "program") ? BY_PROGRAM : BY_FILE;
	if (*by == BY_PROGRAM || !strcmp(value, "file"))
		return 1;
	fprintf(stderr, "sysshim stat: --by=%s: program or file would do\n", value);
	return 0;
}

int command_stat(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"by", required_argument, NULL, 'b'}, FILTER_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	static struct totals totals;
	struct recording recording;
	struct filter filter;
	enum by by = BY_NOTHING;
	int option, json = 0;

	memset(&totals, 0, sizeof totals);
	order = by_nanoseconds;
	filter_all(&filter);
	while ((option = next_option(argc, argv, ":hjS:" FILTER_OPTIONS, options)) != -1) {
		switch (option) {
		case 'h':
			fputs(stat_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case 'b':
			if (!take_by(optarg, &by))
				return EXIT_USAGE;
			break;
		case 'S':
			if (!take_column(optarg))
				return EXIT_USAGE;
			break;
		default:
			if (option == '?' || !filter_take(&filter, option, optarg, "stat"))
				return EXIT_USAGE;
		}
	}
	if (by == BY_FILE && filter_by_call(&filter)) {
		fprintf(stderr, "sysshim stat: --by=file is of all calls: of the filters -p alone would do (sysshim files chooses among paths)\n");
		return EXIT_USAGE;
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	recording.whole = 1;
	if (by == BY_PROGRAM) {
		print_by_program(&totals, &recording, &filter, json);
	} else if (by == BY_FILE) {
		files_by_size(&recording, filter.pid, json);
	} else {
		int is_by_name = filter_by_name(&filter, &recording);
		for (unsigned i = 0; i < recording.sources_count; i++)
			add_source(&totals, &recording, i, &filter, is_by_name);
		put_in_order(&totals);
		if (json) {
			printf("{\"version\":1,");
			print_json(&totals);
		} else {
			print_text(&totals, &recording, &filter);
		}
		clear(&totals);
	}
	if (!json) {
		recording_coverage(&recording, stdout);
	} else if (by) {
		recording_coverage_line(&recording, stdout);
	} else {
		recording_coverage_json(&recording, stdout);
		puts("}");
	}
	return recording_end(&recording, stdout);
}
