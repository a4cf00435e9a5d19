/* Paths that nobody wants in the log (SYSSHIM_PATH_EXCLUDE). */
#include "left_out.h"
#include "process.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

enum { PIECE = 256 };

static int is_unwanted(const char *path)
{
	for (const char *glob = settings.path_exclude; *glob; glob += string_length(glob) + 1)
		if (string_matches(glob, path))
			return 1;
	return 0;
}

/* With its NUL; 0: it cannot be read, or is too long for the kernel. */
static int read_path(char *to, uint64_t from)
{
	for (size_t length = 0; length < PATH_LIMIT;) {
		long got = memory_read(to + length, from + length, PIECE - (from + length) % PIECE);
		if (got <= 0)
			return 0;
		size_t part = text_length_within(to + length, (size_t)got);
		length += part;
		if (part < (size_t)got)
			return 1;
	}
	return 0;
}

int left_out(struct process *p, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	unsigned paths = 0, unwanted = 0;
	uint64_t mask;
	static char path[PATH_LIMIT + PIECE]; /* under the log's lock */

	if (!row || row->class == CLASS_PROCESS || syscall_path_argument(row) < 0)
		return 0;
	if (p->sealed || !process_lock(p, &p->log.lock, &mask))
		return 0;
	for (unsigned i = 0; i < 6; i++)
		if (row->kinds[i] == ARG_PATH) {
			paths++;
			unwanted += read_path(path, call->arguments[i]) && is_unwanted(path);
		}
	lock_release(&p->log.lock, &mask);
	return paths == unwanted;
}
