/* Processes that borrow their parent's memory until they execute something (vfork, posix_spawn): what they do until then stands in their parent's
 * file, under numbers of their own. */
#ifndef CLI_VFORKED_H
#define CLI_VFORKED_H

#include "recording.h"

/* Is what this file has under this thread's number at that time what a child of the process did? The number may be a thread's when the child has gone. */
int vforked_is(const struct recording *r, const struct event *e, int thread);

/* The process that it was. */
static inline int vforked_pid(const struct recording *r, const struct event *e, int thread)
{
	int pid = r->sources[e->source].header->pid;

	return thread != pid && vforked_is(r, e, thread) ? thread : pid;
}

/* fork, vfork, clone, clone3 */
int is_fork(uint64_t number);

/* clone(2)'s flags, or those that fork and vfork stand for; 0: not known. */
uint64_t fork_flags(const struct text_call *call, const struct recorded_memory *memory);

#endif
