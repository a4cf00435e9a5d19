/* What a file says only later: which execs have failed, whether moves were lost, and which of its threads were children of vfork, in truth: processes that borrow their parent's
 * memory until they execute something (posix_spawn makes such; with CLONE_VM alone nobody waits for that), and whose calls until then stand in their parent's file, under numbers of their own. */
#ifndef CLI_AHEAD_H
#define CLI_AHEAD_H

#include "recording.h"

/* Of struct source; NULL is none. */
void ahead_free(struct ahead *a);

/* Is what this file has under this thread's number at that time what a child of the process did? The number may be a thread's when the child has gone. */
int vforked_is(const struct recording *r, const struct event *e, int thread);
/* clone(2)'s flags for it; 0: it is none. */
uint64_t borrower_flags(const struct recording *r, const struct event *e, int thread);

/* Has the process gone to another folder, or to another root, by a call whose record was overwritten? Where nobody knows: to another folder. */
int has_lost_moves(const struct recording *r, unsigned source);
int has_lost_roots(const struct recording *r, unsigned source);
/* Has this file calls of such children? */
int vforked_any(const struct recording *r, unsigned source);

/* The process that it was. */
static inline int vforked_pid(const struct recording *r, const struct event *e, int thread)
{
	int pid = r->sources[e->source].header->pid;

	return thread != pid && vforked_is(r, e, thread) ? thread : pid;
}

/* A recording's images in the order of their processes: of struct recording, to be freed. */
struct image *images_of(const struct recording *r);
/* How many processes these are. What a process ran before may stand in another recording. */
unsigned processes_of(const struct recording *r);
/* Does an image of this process, its first or a later one, begin at that time or behind it, in another file than `but`? */
int image_comes(const struct recording *r, int pid, int is_later, uint64_t since, unsigned but);

/* Is this BEGIN of a vfork child's exec followed by an image with a file of its own, which does not say so? */
int is_exec_of_image(const struct recording *r, const struct event *e);

/* Is this the BEGIN of an exec that has succeeded? */
int is_exec_done(const struct recording *r, const struct event *e);

/* fork, vfork, clone, clone3 */
int is_fork(uint64_t number);

/* clone(2)'s flags, or those that fork and vfork stand for; 0: not known. */
uint64_t fork_flags(const struct text_call *call, const struct recorded_memory *memory);

#endif
