/* What the files of `sysshim trace` share. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include "filter.h"
#include "places.h"

enum { TRACE_LINE = 256 << 10 };

enum trace_time { TIME_SINCE_1970, TIME_OF_DAY, TIME_OF_DAY_MICROSECONDS, TIME_SINCE_LINE };

struct trace {
	struct recording recording;
	struct filter filter;
	FILE *to;
	enum trace_time time;
	int no_threads;  /* lines do not begin with the thread's number */
	long data;       /* bytes of each buffer at most, -1: as many as were recorded */
	uint64_t before; /* the time of the line before */
	struct places *places; /* -y; else NULL */
	/* The line that stands without its end. */
	int open;
	uint32_t open_source, open_serial;
	unsigned open_printed;
	char line[TRACE_LINE];
};

/* One event in strace's look, where the filter takes it. */
void trace_text_event(struct trace *t, const struct event *e);
/* What stands open is ended. */
void trace_text_end(struct trace *t);

/* -ff: a file PREFIX.TID for each thread, as strace's. 0: one cannot be written, which was said. */
int trace_by_thread(struct trace *t, const char *prefix);

#endif
