/* The audit's table: a row a path, and what processes did with it. files_read.c and files_names.c fill it, files_print.c and files_expect.c tell of it. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "filter.h"
#include "sizes.h"

#include <stdio.h>
#include <uthash.h>

enum {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_EXECUTE = 4,
	ACCESS_CREATE = 8,
	ACCESS_TRUNCATE = 16,
	ACCESS_APPEND = 32,
	ACCESS_FOLDER = 64,
	ACCESS_MAPPED = 128
};
enum { ACCESS_TEXT = 9, ERRORS = 134 };

struct file {
	unsigned access;        /* of opens and execs that succeeded */
	uint64_t opens, failed; /* opens and execs */
	uint64_t executed;      /* execs that succeeded */
	uint64_t kernel;        /* opened by the kernel on its own: interpreters */
	uint64_t named;         /* calls that named it without opening it, with or without success */
	uint64_t read, written, first, last;
	uint64_t errors[(ERRORS + 63) / 64]; /* which failed with; bit errno */
	int error;              /* the first */
	int unresolved;         /* the folder it was relative to is not known */
	int removed;            /* its name has gone (unlink, rename) and was not made again */
	unsigned told;          /* letters of fsatrace that were printed */
	int *pids;
	const char **programs;
	size_t pids_count, programs_count;
	char *given;
	char *straight;         /* the path without `..`, or the path itself */
	uint64_t read_sizes[SIZES], write_sizes[SIZES];
	struct file *next;      /* of those without a name */
	int carries;            /* a folder that was renamed to this */
	unsigned removals;      /* how often its name was unlinked */
	const struct file *along;     /* with which folder, by its new name, it has gone, ... */
	unsigned along_removals;      /* ... which was unlinked so often then */
	struct file *linked;    /* what it has become by linkat(2); or NULL */
	UT_hash_handle hh;
	char path[];
};

struct globs {
	const char *patterns[FILTER_PATHS];
	unsigned count;
};

enum files_format { FILES_TABLE, FILES_TREE, FILES_JSON, FILES_ZERO, FILES_FSATRACE, FILES_MAKE };

struct files {
	struct recording *recording;
	struct places *places;
	struct file *table;
	struct folder *folders;
	struct file *nameless; /* opened with O_TMPFILE */
	int pid;
	int all, only_missing, only_written, strict;
	enum files_format format;
	struct globs only, without, deny;
	const char *program; /* glob, or NULL: all */
	unsigned unresolved, starts_in_part; /* paths; images whose start is known in part */
	uint64_t io_uring;   /* calls that start what we do not see */
	uint64_t by_handle;  /* opens by a file handle, which has no path */
	uint64_t taken;      /* descriptors of other processes (pidfd_getfd) */
	struct unfollowed *unfollowed; /* execs whose programs have no file of their own */
};

/* Does the selection (only, without, and so on) take it? */
int files_take(const struct files *f, const struct file *file);
/* Does it take the path, whatever was done to it? */
int files_name(const struct files *f, const struct file *file);
/* One more pattern, of a command's option; 0: there is no room, which was said. */
int globs_take(struct globs *g, const char *pattern, const char *command, const char *option);
/* The path as it is shown, or without its `..`. */
int globs_match(const struct globs *g, const struct file *file);
const char *files_access(unsigned access, char text[ACCESS_TEXT]);

void files_print(struct files *f);
/* What the audit itself did not see, behind the recording's coverage; the number of gaps. */
unsigned files_gaps(const struct files *f, FILE *to);
void files_gaps_json(const struct files *f, FILE *to);

/* A call that changed names, when it is read: fsatrace's lines are in the order of the calls. before: whose other name the file's is, or NULL. */
enum { OPERATION_READ = 'r', OPERATION_WRITE = 'w', OPERATION_MOVE = 'm', OPERATION_DELETE = 'd', OPERATION_QUERY = 'q', OPERATION_TOUCH = 't' };
void files_fsatrace(const struct files *f, char operation, struct file *file, const struct file *before);

/* Lists of what is allowed. expect: opened without being on the list; deny: opened, or tried. The number of such, each printed to `to`; -1: the list
 * cannot be read, which was said. */
long files_expect(const struct files *f, const char *list, FILE *to);
long files_denied(const struct files *f, FILE *to);
/* The exit status: it cannot be opened, or not be written, which was said. */
int files_write_expect(const struct files *f, const char *list);

#endif
