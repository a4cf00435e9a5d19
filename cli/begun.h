/* Calls that have begun and whose end has not been read yet. */
#ifndef CLI_BEGUN_H
#define CLI_BEGUN_H

#include "recording.h"

struct begun; /* a table; NULL is an empty one */

void begun_add(struct begun **table, const struct event *e, uint32_t serial);
void begun_end(struct begun **table, const struct event *e, uint32_t serial);
/* The exec that has led to the image whose first record `e` is (RESUMED with serial 0) is taken out: 1, and its event. */
int begun_exec(struct begun **table, const struct recording *r, const struct event *e, struct event *began);
/* One that is left: is it a vfork child's exec, whose image has a file of its own and does not say so? */
int begun_is_image(const struct recording *r, const struct event *e);
/* Takes one out: 1, and its event; 0: there is none left. In the order in which they began. */
int begun_left(struct begun **table, struct event *e);

#endif
