/* The files are read again and again; what was told of a chunk is remembered by its sequence number, because it moves within the file. */
#include "follow.h"
#include "clock.h"
#include "command.h"
#include "interrupt.h"
#include "tasks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

enum { PATIENCE = 100000000 /* ns: records of several threads and processes come in the order of time when they are so old */ };

/* A chunk of a file, and which of its records were told. */
struct told {
	struct {
		uint64_t file, sequence; /* file: a number of ours */
	} key;
	uint8_t records[RECORD_CHUNK / 8 / 8];
	UT_hash_handle hh;
};

struct file {
	uint64_t number;
	UT_hash_handle hh;
	char path[];
};

struct state {
	struct file *files;
	struct told *told;
};

static void *room_for(size_t size)
{
	void *at = calloc(1, size);

	if (!at) {
		fprintf(stderr, "sysshim: no memory to follow this recording\n");
		exit(EXIT_OURS);
	}
	return at;
}

static uint64_t number_of(struct state *s, const char *path)
{
	struct file *f;

	HASH_FIND_STR(s->files, path, f);
	if (!f) {
		f = room_for(sizeof *f + strlen(path) + 1);
		strcpy(f->path, path);
		f->number = HASH_COUNT(s->files) + 1;
		HASH_ADD_STR(s->files, path, f);
	}
	return f->number;
}

/* 1 the first time. */
static int is_new(struct state *s, const uint64_t *numbers, const struct event *e)
{
	/* A beginning may have been told before its record became the whole call. */
	size_t record = ((uint64_t)e->at * 8 - RECORD_DATA) % RECORD_CHUNK / 8 + (e->half == HALF_END);
	struct told like, *told;

	memset(&like.key, 0, sizeof like.key);
	like.key.file = numbers[e->source];
	like.key.sequence = e->sequence;
	HASH_FIND(hh, s->told, &like.key, sizeof like.key, told);
	if (!told) {
		told = room_for(sizeof *told);
		told->key = like.key;
		HASH_ADD(hh, s->told, key, sizeof told->key, told);
	}
	if (told->records[record / 8] >> record % 8 & 1)
		return 0;
	told->records[record / 8] |= (uint8_t)(1 << record % 8);
	return 1;
}

static int is_any_running(const struct recording *r)
{
	uint64_t began = tasks_began(r);

	for (unsigned i = 0; i < r->sources_count; i++)
		if (image_runs(r, i, began))
			return 1;
	return 0;
}

static void tell(struct state *s, struct recording *r, const struct follower *f, uint64_t until)
{
	struct event e;

	uint64_t *numbers = room_for((r->sources_count + 1) * sizeof *numbers);

	for (unsigned i = 0; i < r->sources_count; i++)
		numbers[i] = number_of(s, r->sources[i].path);
	recording_rewind(r);
	while (recording_next(r, &e) && e.time <= until)
		if (is_new(s, numbers, &e))
			f->event(f->self, &e);
	f->pause(f->self);
	free(numbers);
}

static int goes_on(const struct recording *r)
{
	return !interrupted_by && is_any_running(r);
}

void follow(struct recording *r, const struct follower *f)
{
	struct state s = {0};
	int is_over = 0;

	/* Whoever has had enough is told what is there by then, and what was not seen. */
	interrupt_await();
	/* NB order: whether it is over is asked before the reading that ends with it. */
	for (uint64_t cost = 0;;) {
		tell(&s, r, f, is_over ? UINT64_MAX : recorded_now(r) - PATIENCE);
		if (is_over)
			break;
		uint64_t pause = 4 * cost > PATIENCE ? 4 * cost : PATIENCE;
		nanosleep(&(struct timespec){(time_t)(pause / 1000000000), (long)(pause % 1000000000)}, NULL);
		is_over = !goes_on(r);
		uint64_t began = clock_now(CLOCK_MONOTONIC);
		f->before(f->self);
		recording_again(r);
		f->after(f->self);
		cost = clock_now(CLOCK_MONOTONIC) - began;
		is_over = is_over && !goes_on(r);
	}
	struct file *file, *next;
	struct told *told, *following;
	HASH_ITER(hh, s.told, told, following)
	{
		HASH_DEL(s.told, told);
		free(told);
	}
	HASH_ITER(hh, s.files, file, next)
	{
		HASH_DEL(s.files, file);
		free(file);
	}
}
