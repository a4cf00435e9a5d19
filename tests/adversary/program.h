/* What a seed becomes: a list of operations, and the settings of the shim that it runs under. `generate.c` makes it, `perform.c` performs it, and
 * an operation is a row of `operations.def`. The same seed gives the same program in every process, so a seed is all that is handed on. */
#ifndef PROGRAM_H
#define PROGRAM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>

enum { ARGUMENTS = 4, OPERATIONS_MOST = 140, SLOTS = 8, NAMES = 5 };

/* What a seed may use beside the plain things: most of these end gathering for the process, so that few seeds have any one of them. */
enum feature {
	PLAIN = 0,
	MAPS = 1 << 0,
	THREADS = 1 << 1,
	LIMITS = 1 << 2,
	CLOSES_ALL = 1 << 3,
	STACKS = 1 << 4,
	EXECUTES = 1 << 5,
	WATCHED = 1 << 6,
	STORMS = 1 << 7,
	USES_SYS = 1 << 8,
	ODD_HANDLERS = 1 << 9,
	NAPS = 1 << 10,
	STDIO = 1 << 11,
	SOCKETS = 1 << 12,
	FORKS = 1 << 13,
	SIGNALS = 1 << 14,
	PIPES = 1 << 15,
	BAD = 1 << 16,
	SHARES = 1 << 17,
	FOLDERS = 1 << 18,
	EVENTS = 1 << 19
};

/* What an argument means. VARIANT: an operation's own varieties, counted from 0. */
enum argument { NONE, SLOT, FRESH, NAME, SIZE, OFFSET, WHENCE, FLAGS, WAY, COUNT, PIECE, SIGNAL, REACTION, VARIANT };

enum body { ALONE, WITH_BODY /* the operations behind it are a child's */, LAST /* the process ends */ };

struct operation {
	uint8_t kind;
	uint8_t dropped; /* the shrinker tries without it */
	uint16_t body;   /* so many operations behind it are its child's */
	int32_t a[ARGUMENTS];
};

struct program {
	uint64_t seed;
	unsigned features;
	int count;
	struct operation operations[OPERATIONS_MOST];
};

struct kind {
	const char *name;
	void (*perform)(const int32_t *a);
	unsigned weight, feature;
	enum body body;
	uint8_t arguments[ARGUMENTS];
};
extern const struct kind kinds[];
extern const int kinds_count;

/* Settings as NAME=VALUE; `folder` is for logs and counters. */
enum { SETTINGS_MOST = 16 };
struct options {
	char text[SETTINGS_MOST][160];
	int count, counts;    /* counts: the shim writes its counters into the folder */
};

uint64_t draw(uint64_t *state);
void program_make(struct program *program, uint64_t seed);
void program_drop_all_but(struct program *program, const char *only); /* "3,7,9-12"; NULL: nothing is dropped */
void program_print(const struct program *program);
void options_make(struct options *options, uint64_t seed, const char *folder);

/* perform.c: performs it in this process; returns the status to end with. */
int program_perform(const struct program *program, int verbose);
/* children.c: what this program does when it executes itself: "write FD COUNT PIECE", "read FD", "again". */
int helper(int argc, char **argv);

#endif
