/* What a file says only later, by one look through the whole of it. */
#include "ahead.h"
#include "older_calls.h"

#include <linux/sched.h>
#include <stdlib.h>

struct vforked {
	int pid;
	uint64_t until; /* when it had gone */
	uint64_t flags; /* clone(2)'s */
};

struct ahead {
	uint32_t *failed; /* serials of execs, in their order */
	struct vforked *vforked; /* in the order of their numbers */
	size_t failed_count, vforked_count, failed_room, vforked_room;
	uint64_t moves, roots;                 /* changes of the working folder, and of the root, that have a record */
	uint64_t moves_missing, roots_missing; /* of them by the process's own counters, when these were last written */
	int has_counters, moved; /* by whom the last move was that is a call; its place may follow, where it climbs */
};

uint64_t fork_flags(const struct text_call *call, const struct recorded_memory *memory)
{
	uint64_t flags = 0;

	switch (call->number) {
	case __NR_vfork:
		return CLONE_VFORK | CLONE_VM;
	case __NR_clone:
		return call->arguments[0];
	case __NR_clone3:
		memory->memory.read(&memory->memory, &flags, call->arguments[0], sizeof flags);
		return flags;
	default:
		return 0;
	}
}

int is_fork(uint64_t number)
{
	return number == __NR_fork || number == __NR_vfork || number == __NR_clone || number == __NR_clone3;
}

static int by_serial(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b)
{
	const struct vforked *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : (x->until > y->until) - (x->until < y->until);
}

/* Only an exec that has failed comes back to its file; a vfork is recorded when it is over, behind its child's calls. Who borrows memory and is not waited for may stay. */
static void note(struct ahead *a, const struct source *s, const struct event *e, const struct record_call *record)
{
	struct recorded_memory memory;
	struct text_call call;

	if (is_exec(record->number) && record->serial) {
		a->failed = grown(a->failed, a->failed_count, &a->failed_room, sizeof *a->failed);
		a->failed[a->failed_count++] = record->serial;
	}
	if (!is_fork(record->number))
		return;
	recorded_call(s, &record->word, &call, &memory);
	uint64_t flags = fork_flags(&call, &memory);
	if (call.result <= 0 || !(flags & (CLONE_VFORK | CLONE_VM)) || flags & CLONE_THREAD)
		return;
	a->vforked = grown(a->vforked, a->vforked_count, &a->vforked_room, sizeof *a->vforked);
	a->vforked[a->vforked_count++] = (struct vforked){(int)call.result, flags & CLONE_VFORK ? e->time : UINT64_MAX, flags};
}

static int is_move(uint64_t number)
{
	return number == __NR_chdir || number == __NR_fchdir;
}

static void note_move(struct ahead *a, const struct record_call *record)
{
	a->moves += is_move(record->number) && !is_failure(record->result);
	a->roots += record->number == __NR_chroot && !is_failure(record->result);
	if (is_move(record->number))
		a->moved = is_failure(record->result) ? 0 : record->thread;
}

/* A move that is not recorded as a call, but for where it led to. */
static void note_place(struct ahead *a, const struct record_place *place)
{
	if (place->fd != AT_FDCWD)
		return;
	a->moves += place->thread != a->moved;
	a->moved = 0;
}

static uint64_t more_than(uint64_t counted, uint64_t recorded)
{
	return counted > recorded ? counted - recorded : 0;
}

/* They stand there again and again, each time with all that there were until then. */
static void note_counter(struct ahead *a, const struct record_counter *counter, uint64_t counted[3])
{
	static const unsigned numbers[3] = {__NR_chdir, __NR_fchdir, __NR_chroot};

	for (unsigned i = 0; i < 3; i++)
		if (counter->number == numbers[i])
			counted[i] = counter->calls - counter->errors;
	a->has_counters = 1;
	a->moves_missing = more_than(counted[0] + counted[1], a->moves);
	a->roots_missing = more_than(counted[2], a->roots);
}

static const struct ahead *ahead_of(struct source *s)
{
	struct source copy = *s;
	struct recording alone = {.sources = &copy, .sources_count = 1, .whole = 1};
	struct event e;
	uint64_t counted[3] = {0};

	if (s->ahead)
		return s->ahead;
	struct ahead *a = s->ahead = zeroed(sizeof *a);
	copy.cursor = NULL;
	source_rewind(&copy);
	while (source_next(&alone, 0, &e)) {
		const struct record_call *record = (const void *)event_record(&alone, &e);
		if (record->word.kind == RECORD_CALL) {
			note(a, &copy, &e, record);
			note_move(a, record);
		} else if (record->word.kind == RECORD_PLACE) {
			note_place(a, (const void *)record);
		} else if (record->word.kind == RECORD_COUNTER) {
			note_counter(a, (const void *)record, counted);
		}
	}
	source_close(&copy);
	if (a->failed_count)
		qsort(a->failed, a->failed_count, sizeof *a->failed, by_serial);
	if (a->vforked_count)
		qsort(a->vforked, a->vforked_count, sizeof *a->vforked, by_number);
	return a;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	free(a->failed);
	free(a->vforked);
	free(a);
}

uint64_t borrower_flags(const struct recording *r, const struct event *e, int thread)
{
	const struct ahead *a = ahead_of(&r->sources[e->source]);
	size_t low = 0;

	/* Behind the last of this number. */
	for (size_t high = a->vforked_count; low < high;) {
		size_t middle = (low + high) / 2;
		if (a->vforked[middle].pid <= thread)
			low = middle + 1;
		else
			high = middle;
	}
	return low && a->vforked[low - 1].pid == thread && e->time <= a->vforked[low - 1].until ? a->vforked[low - 1].flags : 0;
}

int vforked_is(const struct recording *r, const struct event *e, int thread)
{
	return borrower_flags(r, e, thread) != 0;
}

int vforked_any(const struct recording *r, unsigned source)
{
	return ahead_of(&r->sources[source])->vforked_count != 0;
}

static int has_failed(const struct recording *r, const struct event *e)
{
	uint32_t serial = ((const struct record_call *)event_record(r, e))->serial;

	/* It is the half of a record that has its end too. */
	if (e->half == HALF_BEGIN)
		return 1;
	const struct ahead *a = ahead_of(&r->sources[e->source]);
	return a->failed_count && bsearch(&serial, a->failed, a->failed_count, sizeof serial, by_serial);
}

struct image {
	int pid, is_later; /* as its head says */
	uint64_t began;
	unsigned source;
};

static int by_process(const void *a, const void *b)
{
	const struct image *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->is_later != y->is_later ? x->is_later - y->is_later : (x->began > y->began) - (x->began < y->began);
}

struct image *images_of(const struct recording *r)
{
	struct image *images = zeroed((r->sources_count + 1) * sizeof *images);

	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct source *s = &r->sources[i];
		images[i] = (struct image){s->header->pid, s->header->later_image != 0, s->began, i};
	}
	qsort(images, r->sources_count, sizeof *images, by_process);
	return images;
}

unsigned processes_of(const struct recording *r)
{
	unsigned count = 0;

	/* Those that say that they are later stand behind the others of their process. */
	for (unsigned i = 0; i < r->sources_count; i++)
		count += !r->images[i].is_later || !i || r->images[i - 1].pid != r->images[i].pid;
	return count;
}

int image_comes(const struct recording *r, int pid, int is_later, uint64_t since, unsigned but)
{
	const struct image last = {pid, is_later, UINT64_MAX, 0};
	size_t low = 0;

	/* Behind the last one. */
	for (size_t high = r->sources_count; low < high;) {
		size_t middle = (low + high) / 2;
		if (by_process(&r->images[middle], &last) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low && r->images[low - 1].pid == pid && r->images[low - 1].is_later == is_later && r->images[low - 1].began >= since; low--)
		if (r->images[low - 1].source != but)
			return 1;
	return 0;
}

int is_exec_of_image(const struct recording *r, const struct event *e)
{
	const struct record_call *call = (const void *)event_record(r, e);

	return is_exec(call->number) && !has_failed(r, e) && image_comes(r, (int)call->thread, 0, e->time, e->source);
}

int is_exec_done(const struct recording *r, const struct event *e)
{
	const struct record_call *call = (const void *)event_record(r, e);
	const struct record_header *h = r->sources[e->source].header;

	if (call->word.kind != RECORD_BEGIN || !is_exec(call->number) || has_failed(r, e))
		return 0;
	/* What cannot be followed has no file. */
	return h->end == RECORD_EXECED || vforked_is(r, e, (int)call->thread) || image_comes(r, h->pid, 1, e->time, e->source) ||
	       is_exec_of_image(r, e);
}

int has_lost_moves(const struct recording *r, unsigned source)
{
	const struct ahead *a = ahead_of(&r->sources[source]);

	return r->sources[source].header->overwritten && (!a->has_counters || a->moves_missing);
}

int has_lost_roots(const struct recording *r, unsigned source)
{
	const struct ahead *a = ahead_of(&r->sources[source]);

	return r->sources[source].header->overwritten && a->roots_missing;
}
