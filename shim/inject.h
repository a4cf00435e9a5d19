/* Floor 4: fault injection. Which calls a rule of SYSSHIM_INJECT is for, and what becomes of them. Without a rule nobody comes here. */
#ifndef SHIM_INJECT_H
#define SHIM_INJECT_H

#include "../format/inject.h"
#include "process/life.h"

extern struct inject_rules inject_rules; /* constant after birth */

/* Reads the rules; 0: something is wrong with them, and `why` says what and what would do. Constructor only. */
int inject_take(const char *value, struct text *why);
/* Behind the other options: what must be rewritten for it, and memory. Constructor only. */
void inject_settle(int is_first);

/* Is there a rule for this number? It may be for another of its turns. */
static inline int inject_has(uint32_t slot)
{
	return settings.inject && inject_rules.of_call[slot];
}

/* Such a call, once: made by `make`, or as its rule says when it is its turn. Where *held is no longer INJECT_NOTHING, signals are blocked, for one is
 * to come behind the call: inject_release lets it, when the call's end has been logged. Any context. */
#define INJECT_NOTHING (~0ul)
typedef long inject_maker(struct process *p, const struct call *call);
long inject_call(struct process *p, const struct call *call, struct log_ticket *ticket, inject_maker *make, uint64_t *held);
void inject_release(const uint64_t *held);

#endif
