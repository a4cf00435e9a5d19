/* The threads of a recording's programs that run, as they are at a look, and what they have done since the look before. */
#ifndef CLI_THREADS_H
#define CLI_THREADS_H

#include "tasks.h"

#include <uthash.h>

struct thread {
	int tid;                 /* its key */
	struct task task;
	const char *program;     /* its process's */
	const struct source *source; /* its process's image; valid until the next look */
	int is_recorded;         /* 0: what its process runs now has no file in the recording */
	/* The call that it is in by the recording; NULL: none is known. */
	struct record_call *open;
	uint64_t open_since;     /* ns since 1970 */
	uint64_t returned;       /* its last recorded call came back; 0: there was none */
	/* Since the look before, or its image's beginning. */
	uint64_t interval, cpu, calls, read_bytes, written_bytes, nanoseconds; /* ns: of calls that came back then, as far as they fall into it */
	struct use {
		uint64_t calls, nanoseconds;
	} by_call[SYSCALL_LIMIT];
	unsigned look;           /* the last one that has found it */
	uint64_t cpu_before;
	UT_hash_handle hh;
};

struct threads {
	struct thread *table;
	struct watched *programs;
	uint64_t last; /* the look before; 0: there was none */
	unsigned look, running; /* looks; programs that run */
};

/* Takes a look: t->table has the threads that are there now, by process and number. pid: of this process, or thread, alone; 0: all. */
void threads_look(struct threads *t, struct recording *r, int pid);
void threads_free(struct threads *t);

/* Is the recorded call the one that it is in, by what the kernel says? */
int thread_is_in(const struct thread *t);
/* The call with most time since the look before; -1: none came back. */
int thread_busiest(const struct thread *t);
/* Of the interval, so many ns in calls, the one that it is in included. */
uint64_t thread_in_calls(const struct thread *t, uint64_t now);

#endif
