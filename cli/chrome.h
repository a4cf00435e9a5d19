/* A recording as a timeline: the Trace Event Format that Perfetto and chrome://tracing read. */
#ifndef CLI_CHROME_H
#define CLI_CHROME_H

#include "filter.h"

/* Times are microseconds since the first record, with three digits behind the point. */
void chrome_write(struct recording *r, const struct filter *f, FILE *to);

#endif
