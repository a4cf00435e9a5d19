/* Floor 4: policy: which writes are gathered, and what each other call means for what is buffered. gate.c calls it; the buffer itself is
 * batch/, what must stand meanwhile is process/arm.c. */
#ifndef SHIM_COALESCE_H
#define SHIM_COALESCE_H

#include "process/life.h"

/* A write or writev while armed. 1: the program has its result (*result) and the kernel does not know yet; 0: go on natively. Any context. */
int coalesce_append(struct process *p, const struct call *call, long *result);

/* A write or writev goes to the kernel now; bursts are looked for in what comes of it. */
long coalesce_native(struct process *p, const struct call *call);
/* The second half alone, where the call has been made. */
void coalesce_watch(struct process *p, const struct call *call, long result);

/* Any other call, before it is made: flushes, or lets pass what nobody can order against the buffered bytes. Returns 0, or the error of an
 * earlier flush that this call has to report in place of being made. *came: see interrupted.h. */
long coalesce_before(struct process *p, const struct call *call, uint64_t *came);
/* Does a call of this number, which is none that makes a process or a thread, forbid batches later, so that coalesce_before must always see it? */
int coalesce_hears_of(uint32_t number);
/* Behind a call that takes a descriptor away: what could not be written to it is lost. */
long coalesce_after_close(struct process *p, const struct call *call, long result);

/* The next definition of write, for coalesce_write. Constructor only. */
void coalesce_start(long (*next_write)(int, const void *, size_t));
/* What the interposed write leads to while batches may be made: the shortest way into the buffer, or the next definition. */
long coalesce_write(int fd, const void *bytes, size_t size);

#endif
