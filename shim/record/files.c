/* The paths that were opened, as a set of numbers, in memory that a fork wipes, so that a child starts with an empty one. */
#include "files.h"
#include "path.h"
#include "process.h"
#include "seen.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

struct files {
	uint64_t distinct;
	struct seen seen;
};

static struct files *memory; /* wiped, not gone, in a forked child */

void files_start(struct process *p)
{
	if (!memory)
		memory = memory_wiped_on_fork(sizeof *memory);
	p->files = memory;
}

void files_opened(struct process *p, const struct call *call, int path, int was_made, long result)
{
	struct files *files = p->files;
	uint64_t from = path < 0 ? 0 : call->arguments[path];
	struct read_path read = {0, -1};

	counter_add(is_error(result) ? &p->tally.open_failed : &p->tally.opened, 1, (int)p->threads);
	int was_read = from && was_made && recording_was_read(p, (uint32_t)call->number, from, result);
	if (files && !seen_is_full(&files->seen) && (was_read || !p->sealed))
		read = path_at(p->pid, from, was_read);
	if (read.first < 0)
		counter_add(&p->tally.paths_unlisted, 1, (int)p->threads);
	else if (seen_is_new(&files->seen, read.path))
		counter_add(&files->distinct, 1, (int)p->threads);
}

uint64_t files_distinct(const struct process *p)
{
	return p->files ? p->files->distinct : 0;
}
