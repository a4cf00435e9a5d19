/* Paths that nobody wants in the log (SYSSHIM_PATH_EXCLUDE). */
#include "left_out.h"
#include "log_lines.h"
#include "process.h"
#include "../../format/json.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

static int is_unwanted(const char *path)
{
	for (const char *glob = settings_path_exclude; *glob; glob += string_length(glob) + 1)
		if (string_matches(glob, path))
			return 1;
	return 0;
}

int left_out(struct process *p, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	unsigned paths = 0, unwanted = 0;
	const struct text_memory memory = lines_memory();
	uint64_t mask;
	static char path[PATH_LIMIT + 1] BULKY; /* under the log's lock */

	if (!row || row->class == CLASS_PROCESS || syscall_path_argument(row) < 0)
		return 0;
	if (p->sealed || !process_lock(p, &p->log.lock, &mask))
		return 0;
	for (unsigned i = 0; i < 6; i++)
		if (row->kinds[i] == ARG_PATH) {
			paths++;
			unwanted += text_string_at(&memory, call->arguments[i], path, sizeof path) && is_unwanted(path);
		}
	lock_release(&p->log.lock, &mask);
	return paths == unwanted;
}
