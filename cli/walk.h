/* The calls of a recording, each once, whole: what a timeline and JSON lines are made of. */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include "filter.h"

enum call_end {
	END_THERE,    /* the record has its result */
	END_IN_IMAGE, /* an exec that has succeeded, which its new image says: the result is 0 */
	END_NOT       /* it had not come back when the recording ended */
};

struct walker {
	/* A call, at the event where it ended (END_THERE) or began; count: with `rows`, of gathered writes in a row that are alike, else 1. */
	void (*call)(void *self, const struct event *e, enum call_end end, size_t count);
	/* A BATCH or a SIGNAL; NULL: these are passed over. */
	void (*other)(void *self, const struct event *e);
	int rows;
	void *self;
};

/* In the order in which they end; those that did not, last. */
void walk(struct recording *r, const struct filter *f, const struct walker *w);

#endif
