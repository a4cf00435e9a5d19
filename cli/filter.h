/* What of a recording is shown: the words of strace, the same for trace, stat and files. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "recording.h"

enum { FILTER_PATHS = 64, FILTER_MIN_DURATION = 512 };

struct filter {
	uint64_t trace[SYSCALL_LIMIT / 64]; /* -e trace= */
	int pid;                            /* -p: 0, all */
	int only_good, only_failed;         /* -z, -Z */
	uint64_t least;                     /* --min-duration, ns */
	const char *paths[FILTER_PATHS];    /* -P: as the program gave them; none: all */
	unsigned paths_count;
};

#define FILTER_OPTIONS "e:p:zZP:"
#define FILTER_LONG_OPTIONS {"min-duration", required_argument, NULL, FILTER_MIN_DURATION}, {"trace", required_argument, NULL, 'e'}
#define FILTER_HELP \
	"  -e trace=SET, --trace=SET\n" \
	"                      only these calls: names, numbers, /regex, all, none, ! before, ? before a name that may not be one; %file %desc %io %network\n" \
	"                      %process %signal %memory %stat %lstat %fstat %%stat %statfs %fstatfs %%statfs %clock %creds %ipc %pure\n" \
	"  -p PID              only this process or thread; the last one counts\n" \
	"  -P PATH             only calls that name this path, in the same letters; may be repeated\n" \
	"  -z, -Z              only calls that succeeded, only such that failed; the last one counts; also -e status=successful, -e status=failed\n" \
	"      --min-duration=TIME  only calls that took so long at least: 20us, 1.5ms, 2s; without a unit, seconds\n"

void filter_all(struct filter *f);
/* The words of a set, with each /regex replaced by the names that it matches (regex(7), extended; "," stands in none). To be freed; NULL: a
 * pattern is wrong or matches nothing, which was said. */
char *filter_words(const char *words, const char *command);
/* Of -e QUALIFIER=TEXT the TEXT; NULL: it is of another qualifier. */
const char *filter_qualified(const char *value, const char *qualifier);
/* Of -e trace=SET, -e t=SET or -e SET the SET; NULL: something else. */
const char *filter_set_text(const char *value);
/* Of -e status=successful and -e status=failed the option that says the same, z or Z; 0: something else. */
int filter_status(const char *value);
/* Of what filter_set_text takes: its words as SYSSHIM_TRACE takes them, to be freed, and into `set` which calls these are; NULL: wrong, which was said. */
char *filter_set(uint64_t set[SYSCALL_LIMIT / 64], const char *value, const char *command);
/* 20us, 1.5ms, 2s, 2 (seconds) in nanoseconds; 0: wrong, which was said. */
int filter_duration(uint64_t *to, const char *value, const char *command);
/* One of FILTER_OPTIONS: 1 taken, 0 wrong, which was said. */
int filter_take(struct filter *f, int option, const char *value, const char *command);
/* Is this a call (BEGIN, CALL or COALESCED) that is to be shown? */
int filter_takes(const struct filter *f, const struct recording *r, const struct event *e);
/* Is the thread of this event, or its process, -p's? 0: every one is. */
int filter_takes_thread(int pid, const struct recording *r, const struct event *e, int thread);
/* Behind the last event: says so where -p (0: there was none) has named nobody. */
void filter_met(int pid, const struct recording *r, const char *command);
/* Are calls chosen by what only their end tells? Then a BEGIN is none of them: when it began nobody could choose it. */
int filter_by_end(const struct filter *f);
/* Does it ask what a call named, or how it ended? Of an exec that has succeeded the file of one program knows the one, that of the next the other: then
 * such an exec is taken at its BEGIN (ahead.h, is_exec_done). */
int filter_by_outcome(const struct filter *f);
/* Does this BEGIN stand for the whole exec? */
int filter_ends_exec(const struct filter *f, const struct recording *r, const struct event *e);
/* Does it choose among a process's calls at all? */
int filter_by_call(const struct filter *f);
/* Are calls chosen by nothing but their name and process, so that a process's counters can stand for its records? */
int filter_by_name(const struct filter *f, const struct recording *r);

#endif
