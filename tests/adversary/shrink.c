/* A failing seed is made short: operations are left out, many at first, then one by one, as long as the two runs still differ. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3 /* some differences come only now and then */, RUNS_MOST = 600, SECONDS_MOST = 60, NATIVE_RUNS = 100 };

static int runs;
static time_t began;

int seed_differs(struct place *place, uint64_t seed, const char *only, char *text, size_t size, struct counts *counts)
{
	struct outcome native, shimmed;

	run_natively(&native, place, seed, only, 0);
	/* What waits for ever is ended at some moment, and says nothing. */
	if (native.hangs) {
		outcome_free(&native);
		*counts = (struct counts){.hangs = 1};
		return 0;
	}
	run_shimmed(&shimmed, place, seed, only, 0, counts);
	int differ = outcomes_differ(&native, &shimmed, text, size);
	outcome_free(&native);
	outcome_free(&shimmed);
	return differ;
}

static void list(char *text, const char *kept, int count)
{
	*text = 0;
	for (int i = 0; i < count; i++)
		if (kept[i])
			text += sprintf(text, "%d,", i);
}

static int still_differs(struct place *place, uint64_t seed, const char *kept, int count, char *text, size_t size)
{
	char only[OPERATIONS_MOST * 4 + 1];
	struct counts counts;

	list(only, kept, count);
	for (int i = 0; i < TRIES; i++) {
		runs++;
		if (seed_differs(place, seed, only, text, size, &counts))
			return 1;
	}
	return 0;
}

static int is_time_left(void)
{
	return runs < RUNS_MOST && time(NULL) - began < SECONDS_MOST;
}

/* Pieces of `length` operations are left out, from the end; returns how many could be. */
static int leave_out(struct place *place, uint64_t seed, char *kept, int count, int length, char *text, size_t size)
{
	char without[OPERATIONS_MOST], said[512];
	int done = 0;

	for (int from = count - length; from > -length && is_time_left(); from -= length) {
		int any = 0;
		memcpy(without, kept, (size_t)count);
		for (int i = from < 0 ? 0 : from; i < from + length; i++) {
			any |= without[i];
			without[i] = 0;
		}
		if (any && still_differs(place, seed, without, count, said, sizeof said)) {
			memcpy(kept, without, (size_t)count);
			snprintf(text, size, "%s", said);
			done++;
		}
	}
	return done;
}

static void print_told(struct place *place, uint64_t seed, const char *only)
{
	struct outcome native;

	run_natively(&native, place, seed, only, 1);
	printf("natively it says:\n%.*s", (int)(native.said_size < 6000 ? native.said_size : 6000), native.said ? native.said : "");
	outcome_free(&native);
}

/* A race that the program has by itself may show in few of its runs. */
static int native_runs_differ(struct place *place, uint64_t seed, const char *only, char *text, size_t size)
{
	struct outcome one, other;
	int differ = 0;

	run_natively(&one, place, seed, only, 0);
	for (int i = 1; i < NATIVE_RUNS && !differ; i++) {
		run_natively(&other, place, seed, only, 0);
		differ = outcomes_differ(&one, &other, text, size);
		outcome_free(&other);
	}
	outcome_free(&one);
	return differ;
}

int failure_explain(struct place *place, uint64_t seed, const char *only, const char *difference)
{
	struct program program;
	struct options options;
	char kept[OPERATIONS_MOST] = {0}, text[512], shortest[OPERATIONS_MOST * 4 + 1];

	if (native_runs_differ(place, seed, only, text, sizeof text)) {
		printf("seed %llu: two native runs differ: %s\n", (unsigned long long)seed, text);
		return 0;
	}
	program_make(&program, seed);
	program_drop_all_but(&program, only);
	for (int i = 0; i < program.count; i++)
		kept[i] = !program.operations[i].dropped;
	runs = 0;
	began = time(NULL);
	snprintf(text, sizeof text, "%s", difference);
	for (int length = program.count / 2; length >= 1; length /= 2)
		while (leave_out(place, seed, kept, program.count, length, text, sizeof text) && is_time_left() && length == 1)
			;
	list(shortest, kept, program.count);
	program_make(&program, seed);
	program_drop_all_but(&program, shortest);
	options_make(&options, seed_of_options(seed), "logs");
	printf("seed %llu: %s\nshortened in %d runs to: %s\n", (unsigned long long)seed, difference, runs, text);
	program_print(&program);
	for (int i = 0; i < options.count; i++)
		printf("%s%s", i ? " " : "  ", options.text[i]);
	printf("\n");
	print_told(place, seed, shortest);
	printf("again: adversary --seed %llu --only %s\n", (unsigned long long)seed, shortest);
	fflush(stdout);
	return 1;
}
