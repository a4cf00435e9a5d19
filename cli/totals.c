/* What a recording's calls add up to; see totals.h. */
#include "totals.h"
#include "ahead.h"

#include <stdlib.h>
#include <string.h>

/* A histogram of times as HdrHistogram makes it: 32 steps for each power of two, so a value is known to 1/32. */
enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, BUCKETS = (64 - STEP_BITS + 1) * STEPS };

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

uint64_t totals_percentile(const struct row *row, unsigned percent)
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
	struct row *row = &t->rows[number];
	struct sum sum = {1, (uint64_t)is_failure(call->result), 0, 0};
	row->coalesced += (word->flags & RECORD_GATHERED) != 0;
	int is_read, is_written;
	call_moved(call, &is_read, &is_written);
	if (is_read || is_written)
		sum.bytes = (uint64_t)call->result;
	if (is_read)
		sizes_add(t->reads, (uint64_t)call->result);
	if (is_written)
		sizes_add(t->writes, (uint64_t)call->result);
	int is_timed = word->kind == RECORD_CALL && !(word->flags & RECORD_GATHERED);
	uint64_t time = is_timed ? ((const struct record_call *)word)->duration : 0;
	sum.nanoseconds = time;
	sum_add(&sums->recorded[number], &sum);
	sum_add(&sums->since[number], &sum);
	/* An audit, and what does not come back, have no time. */
	if (!time)
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

void totals_add(struct totals *t, struct recording *r, unsigned index, const struct filter *f, int is_by_name, void (*tell)(void *self, const struct event *e), void *self)
{
	static struct sums sums;
	struct source *s = &r->sources[index];
	struct event e;

	memset(&sums, 0, sizeof sums);
	source_rewind(s);
	while (source_next(r, index, &e)) {
		add_event(t, &sums, r, &e, f);
		if (tell)
			tell(self, &e);
	}
	source_close(s);
	/* The counters of a process have its vfork children's calls in them, which are not the process's own. */
	add_sums(t, &sums, s->header, f, is_by_name && !(f->pid && vforked_any(r, index)));
}

void totals_clear(struct totals *t)
{
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		free(t->rows[i].times);
	memset(t, 0, sizeof *t);
}
