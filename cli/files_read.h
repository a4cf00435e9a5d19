/* A recording's calls become the audit's rows. */
#ifndef CLI_FILES_READ_H
#define CLI_FILES_READ_H

#include "files.h"
#include "loader.h"

/* Where a file of the recording is being read. */
struct reading {
	struct loader *loader;
	struct event start;
	int executed; /* the exec that led here was recorded */
	struct file *searched; /* it named this, which libc has looked for; NULL: it had a path */
};

/* A call, and where it stands in the recording. */
struct reader {
	struct files *files;
	const struct event *event;
	const struct source *source;
	struct reading *at;
};

/* The row of a path as a call names it. */
struct file *files_row(const struct reader *r, int64_t directory, const char *given);
/* The call had to do with it; and: named it without opening it. */
void files_seen(const struct reader *r, struct file *file);
void files_asked(const struct reader *r, struct file *file, int64_t result);

/* files_names.c: each path of a call that opens none of them. */
void files_names(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory);

#endif
