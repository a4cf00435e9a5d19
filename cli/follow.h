/* A recording that is still being written. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "recording.h"

struct follower {
	/* An event that was not there before. */
	void (*event)(void *self, const struct event *e);
	/* All that was there has been told. */
	void (*pause)(void *self);
	/* The recording is about to be read again, and has been: indexes of sources change. */
	void (*before)(void *self);
	void (*after)(void *self);
	void *self;
};

/* Tells the events of `r`, and those that come, in the order of time as far as they are there, until no process of it runs any more, or SIGINT or SIGTERM comes (interrupt.h).
 * Each comes at most some 0.2 s late, or as long as it takes to read the recording four times. */
void follow(struct recording *r, const struct follower *f);

#endif
