/* Running a seed, comparing what came of two runs, and making a failing program short. Nothing of this is in the process that is tested. */
#ifndef HARNESS_H
#define HARNESS_H
#include "program.h"

#include <stddef.h>

/* Where a worker works: a folder of its own with `world` and `logs`. */
struct place {
	char world[4096], logs[4096];
	const char *self, *shim;
	/* turns.c: the process whose children perform a row of seeds, and its row; 0: none */
	int turns, turns_socket;
	uint64_t turns_row;
};

struct file {
	char name[40];
	unsigned mode, links;
	size_t size;
	char *bytes;
};

enum { FILES_MOST = 64 };

struct outcome {
	int status, hangs;
	char *said;
	size_t said_size;
	int count;
	struct file files[FILES_MOST];
};

struct counts {
	long batches, writes; /* of all processes of a run */
	int is_counted;
	int hangs; /* natively: then nothing was compared */
};

/* run.c */
void place_make(struct place *place, const char *folder, int worker, const char *self, const char *shim);
void place_remove(struct place *place);
void run_natively(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose);
void run_shimmed(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose, struct counts *counts);
void outcome_free(struct outcome *outcome);
void fail(const char *what);
void empty(const char *folder);
void world_enter(const char *folder, int told);
void seed_perform(uint64_t seed, const char *only, int verbose);
void place_execute(struct place *place, char *const *arguments, const struct options *options);
void listen_to(struct outcome *outcome, int from, int group);
void collect(struct outcome *outcome, const char *folder);

/* turns.c: many seeds in forked children of one shimmed process, which costs less than a start for each. The settings are the row's. */
int seed_is_forked(uint64_t seed);
uint64_t seed_of_options(uint64_t seed);
void turn_take(struct outcome *outcome, struct place *place, uint64_t seed, const char *only, int verbose, struct options *options);
void turns_end(struct place *place);
int turns_serve(const char *folder);

/* compare.c: 1, and what differs first, or 0 */
int outcomes_differ(const struct outcome *native, const struct outcome *shimmed, char *text, size_t size);

/* shrink.c: prints the failure and the shortest program that still shows it; 0 when two native runs differ as well */
int failure_explain(struct place *place, uint64_t seed, const char *only, const char *difference);
int seed_differs(struct place *place, uint64_t seed, const char *only, char *text, size_t size, struct counts *counts);

#endif
