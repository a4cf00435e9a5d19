/* sysshim run --verify, in three files: one run of the program (verify_run.c), what is made of several (verify.c), and what is said of them (verify_tell.c). */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "recording.h"
#include "trees.h"

#include <limits.h>

/* How a run is to be made, and what came of it. */
struct verify_run {
	const char *folder;   /* the program's working folder */
	int in;               /* what it is to read on its standard input: a file, from its beginning; or -1: nothing */
	int out, err;         /* files for what it writes; the same for both: in the order in which it writes */
	int status;           /* of waitpid(2) */
	unsigned left;        /* processes that it left behind, and that were ended */
};

/* Catches what would end the command before it has removed what it made. */
void verify_catch_signals(void);
/* The signal that has come, 0: none. */
int verify_signal(void);

/* Runs a program in a session of its own, without a terminal, until it and what it has started are gone. 0: it could not be executed, and errno
 * says why. */
int verify_execute(struct verify_run *run, char *const *arguments);

enum { NATIVE, SHIM, AGAIN, RUNS };

struct found {
	char *what;
	int is_native_too;
	struct difference d;
};

struct verify {
	char folder[PATH_MAX]; /* the program's own */
	char root[PATH_MAX];   /* of all that we make */
	const char *name;      /* the folder's, in each copy */
	char *const *arguments;
	const char *library;
	int64_t limit;
	int json, in, outs[RUNS], errs[RUNS], statuses[RUNS], has_run[RUNS], failed;
	unsigned left;         /* by one of them */
	struct recording recording;
	struct found *found;
	size_t found_count, found_room, names;
	char **outside;        /* files elsewhere that it has opened for writing */
	size_t outside_count, outside_room;
	int wants_terminal;
	uint64_t gathered, batches;
	unsigned not_followed; /* programs that ran without the shim */
};

/* How a run has ended, as text: the number of its exit status, or "killed by ...". */
void verify_status(int status, char to[SHOWN_TEXT]);
/* So many differences: such as are between native runs too, or those that are not. */
size_t verify_count(const struct verify *v, int native_too);
void verify_tell(const struct verify *v);
void verify_tell_json(const struct verify *v);

#endif
