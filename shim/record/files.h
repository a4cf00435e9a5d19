/* Floor 1: the paths that the process opened, as it gave them, with how often. */
#ifndef SHIM_RECORD_FILES_H
#define SHIM_RECORD_FILES_H

#include <stddef.h>
#include <stdint.h>

struct process;

struct file {
	const char *path;
	uint64_t opens, errors;
};

/* Memory that starts zeroed in every process; a table that finds none lists nothing. Constructor only. */
void files_start(struct process *p);

/* One open of `path` (an address in the program) had `result`. Any context; in a signal handler that interrupts itself, or when the
 * table is full, the open is counted as unlisted. */
void files_opened(struct process *p, uint64_t path, long result);

/* The table's lock; NULL: there is no table. */
struct lock;
struct lock *files_lock(const struct process *p);

uint64_t files_distinct(const struct process *p);

#endif
