/* JSON, and a call as one flat object a line: the same from the shim (SYSSHIM_LOG_FORMAT=json) and from `sysshim trace --json`. Freestanding,
 * as text.h. */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include "text.h"

/* Members of an object; each brings the comma in front of it. */
void json_number(struct text *out, const char *name, int64_t value);
void json_string(struct text *out, const char *name, const char *value, size_t size);

struct json_call {
	int pid, tid;
	uint64_t start;    /* ns since 1970 */
	uint64_t duration; /* ns */
	int unfinished;    /* it has not come back, or never does: no result */
	int no_arguments;  /* they are not known: the exec that led to this image */
	int coalesced;
	int injected;      /* SYSSHIM_INJECT has answered it, made it shorter, or late */
	size_t count;      /* calls that are alike, of which this is the first */
	const char *path;  /* text_call_path's; or NULL */
};

/* A line with its newline. Where arguments and path do not fit they are null, and `cut` is true: the line is valid JSON in any case. */
void json_call_line(struct text *out, const struct json_call *about, const struct text_call *call, const struct text_memory *memory);

/* The NUL-terminated string at an address: `buffer`, or NULL: it cannot be read, or is longer. */
const char *text_string_at(const struct text_memory *memory, uint64_t address, char *buffer, size_t size);

/* The path that a call names, NUL-terminated in `buffer`; NULL: it names none, or it cannot be read, or is not shorter than `size`. */
const char *text_call_path(const struct text_call *call, const struct text_memory *memory, char *buffer, size_t size);

#endif
