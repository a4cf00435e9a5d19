/* What the page of `sysshim report` is made from. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "files.h"
#include "totals.h"

enum group { GROUP_BYTES, GROUP_FILES, GROUP_WAITS, GROUP_OTHERS, GROUPS };
enum { COLUMNS = 160, LANES = 60 };

/* A process. */
struct lane {
	unsigned number;
	const struct source *first, *last; /* what it ran */
	uint64_t from, to; /* ns since 1970 */
	uint64_t calls;
	double (*time)[GROUPS]; /* of each of the picture's columns: ns in calls; NULL: it is not in the picture */
};

struct report {
	struct recording recording;
	struct files files;
	struct totals totals;
	struct lane *lanes;   /* the longest ones, in the order in which they began; behind them the others */
	unsigned lanes_count, processes; /* of the longest ones; of all */
	uint64_t from, to;    /* ns since 1970: of all */
	double read[COLUMNS], written[COLUMNS]; /* bytes */
	FILE *out;
};

/* Adds up the recording. */
void report_add_up(struct report *p);
void report_free(struct report *p);

/* Pictures, each an element <svg>. */
void report_timeline(const struct report *p);
void report_bytes(const struct report *p);

/* As it was started; of one that does not know it its name. */
void report_command_line(const struct report *p, const struct record_header *h);

/* "12,345": NUL-terminated, at most 32 bytes. */
const char *report_number(char to[32], uint64_t number);

/* Which group's colour a call has. */
enum group report_group(uint64_t number);
extern const char *const report_groups[GROUPS];

#endif
