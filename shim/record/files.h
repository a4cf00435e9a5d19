/* Floor 1: how many paths the process has opened, as it gave them. */
#ifndef SHIM_RECORD_FILES_H
#define SHIM_RECORD_FILES_H

#include <stddef.h>
#include <stdint.h>

struct process;
struct call;

/* Memory that starts zeroed in every process; one that finds none counts no paths. Constructor, and a child's birth. */
void files_start(struct process *p);

/* One open had `result`. path: which argument is its path, -1: none; was_made: the kernel has made it. Any context, any thread. One whose path cannot be read, or for which there is no place any more, is
 * counted as unlisted. */
void files_opened(struct process *p, const struct call *call, int path, int was_made, long result);

uint64_t files_distinct(const struct process *p);

#endif
