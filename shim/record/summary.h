/* Floor 1: the counters as a person reads them, and as JSON (doc/counters.md). */
#ifndef SHIM_RECORD_SUMMARY_H
#define SHIM_RECORD_SUMMARY_H

#include "../../format/text.h"

struct process;

/* `how`: "exit status 0", "killed by SIGTERM", "exec"; static text. Every number is read while other threads may still count. */
void summary_text(struct text *out, const struct process *p, const char *how, unsigned status, uint64_t now);
void summary_json(struct text *out, const struct process *p, const char *how, unsigned status, uint64_t now);

/* What both say in the same words: why a child was not followed (enum unfollowed), how it ended. */
extern const char *const summary_unfollowed[];
void summary_how(struct text *out, const char *how, unsigned status);

#endif
