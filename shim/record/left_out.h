/* Floor 1: which calls the log leaves out for their paths. */
#ifndef SHIM_RECORD_LEFT_OUT_H
#define SHIM_RECORD_LEFT_OUT_H

struct process;
struct text_call;

/* 1: all of the call's paths, as the program gives them, match SYSSHIM_PATH_EXCLUDE. What concerns processes (exec) never does, nor what cannot be read:
 * under a filter, where no private call may be made, nothing is left out. Any context. */
int left_out(struct process *p, const struct text_call *call);

#endif
