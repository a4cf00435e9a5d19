/* Floor 3: the tracer of a child that cannot load us (sysshim run --trace-static). */
#ifndef SHIM_PROCESS_TRACER_H
#define SHIM_PROCESS_TRACER_H

#include "../record/process.h"

enum { TRACER_ROOM = 32 << 10 };

/* Where sysshim-tracer is, and what of our variables it gets. Constructor only. */
void tracer_know(const char *path, const char *const *environment);
int tracer_is_wanted(void); /* there is one, and children are to be followed */

/* Starts one that follows what this thread is about to execute, with `room` (TRACER_ROOM bytes at a multiple of 16) to work in. Returns its
 * process number, for tracer_stop where the exec has failed, or -errno: nothing has changed. Any context, a vfork child included. */
long tracer_start(const struct process *p, char *room);
void tracer_stop(long tracer, char *room);

#endif
