/* Floor 5: what the gate does with a call by its action (gate_actions.h). Any context. */
#ifndef SHIM_GATE_MAKE_H
#define SHIM_GATE_MAKE_H

#include "gate_actions.h"
#include "process/life.h"

/* What must be done before the call is made, by whichever way it came. 1: the process is sealed. */
int gate_before(struct process *p, const struct call *call);
/* Of one that is recorded as it is the only action that matters: ACTION_CLOSES. */
void gate_closes(struct process *p, const struct call *call);
/* Makes it: the kernel's result, or what stands for it. */
long gate_make(struct process *p, const struct call *call);
/* And behind it. */
void gate_after(struct process *p, const struct call *call, long result);

#endif
