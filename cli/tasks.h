/* What the kernel says of processes that run and of their threads (proc(5)). Nothing is stopped for it and nobody is asked but /proc; a thread may be gone between two questions. */
#ifndef CLI_TASKS_H
#define CLI_TASKS_H

#include "recording.h"

struct task {
	int pid, tid;
	char state;            /* R: runs, S: waits, D: waits and cannot be interrupted, T: stopped, t: stopped by a tracer, Z: has ended, and others of its process go on */
	uint64_t cpu;          /* ns that it has had so far, to a hundredth of a second */
	char name[32];
	enum {
		TASK_SILENT,   /* the kernel does not tell us (another user's, or a security module's word) */
		TASK_OUTSIDE,  /* it is in no call, or it runs */
		TASK_IN_CALL
	} place;
	struct text_call call; /* where it is in one: without a result */
};

/* 0: there is no such thread (any more). */
int task_read(struct task *t, int pid, int tid);

/* The threads of a process in the order of their numbers: into `tids`, to be freed; their number. */
size_t tasks_of(int pid, int **tids);

/* ns since the boot: none of the recording's processes but the first can have begun before; 0: not known, the numbers are another namespace's. */
uint64_t tasks_began(const struct recording *r);

/* Its image, or what it is now where that has no file in the recording, is not known to have ended. since: tasks_began. */
int image_runs(const struct recording *r, unsigned source, uint64_t since);

/* The time as the recording has it, ns since 1970: also where the clock on the wall was set since it began. */
uint64_t recorded_now(const struct recording *r);

/* Have the processes of this recording the numbers that we see? 0: it is from another pid namespace, machine or boot. */
int is_numbered_as_we_are(const struct recording *r);

/* The call as far as it can be printed while it is going on, `read(0</dev/pts/3>, `, with what its descriptors lead to now. record: its BEGIN, or NULL: the
 * thread's own memory is read, where that is allowed. */
void task_call_text(struct text *out, const struct task *t, const struct source *s, const struct record_call *record);

#endif
