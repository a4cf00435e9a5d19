/* What calls do to names without opening what they name: unlink, rename, link and their like. A folder that is renamed takes its files along. */
#include "files_read.h"
#include "files_row.h"
#include "older_calls.h"
#include "places.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* What was written under another name lies under this one. */
static void takes_over(struct file *file, const struct file *before)
{
	file->access |= before->access & (ACCESS_WRITE | ACCESS_CREATE);
	file->removed = 0;
}

static void move(const struct reader *r, struct file *from, struct file *to, int stays)
{
	from->removed = !stays;
	from->told = 0;
	takes_over(to, from);
	if (r->files->format == FILES_FSATRACE)
		files_fsatrace(r->files, OPERATION_MOVE, to, from);
}

static void goes_along(struct file *file, const struct file *folder)
{
	file->along = folder;
	file->along_removals = folder->removals;
}

/* What went along with a folder before is there again when that comes back, and else goes on with it. */
static void moves_on(struct file *file, const struct file *from, const struct file *to)
{
	size_t length = strlen(to->straight);

	if (!file->removed || file->along != from || file->along_removals != from->removals)
		return;
	file->removed = strncmp(file->straight, to->straight, length) != 0 || file->straight[length] != '/';
	goes_along(file, to);
}

/* What stands in a folder goes along. */
static void move_all(const struct reader *r, struct file *from, struct file *to, int stays)
{
	size_t length = strlen(from->straight);
	struct file *file, *next, *other;
	char path[PATH_ROOM];

	move(r, from, to, stays);
	if (from->unresolved || to->unresolved || (!from->carries && !file_is_folder(r->files, from)))
		return;
	to->carries = 1;
	/* Rows that are added on the way are none of those that moved. */
	struct file *last = ELMT_FROM_HH(r->files->table->hh.tbl, r->files->table->hh.tbl->tail);
	for (file = r->files->table; file; file = file == last ? NULL : next) {
		next = file->hh.next;
		if (!stays)
			moves_on(file, from, to);
		if (file->removed || strncmp(file->straight, from->straight, length) != 0 || file->straight[length] != '/')
			continue;
		file->removed = !stays;
		goes_along(file, to);
		if (!(file->access & ACCESS_WRITE))
			continue;
		snprintf(path, sizeof path, "%s%s", to->path, file->straight + length);
		other = file_of(r->files, path, path);
		files_seen(r, other);
		move(r, file, other, stays);
	}
}

/* A file that was opened without a name has got its first one. */
static void named_now(struct file *file, struct file *as)
{
	if (file->linked)
		return;
	file->linked = as;
	file_add_bytes(as, file);
}

/* A path that a call names without opening it: what it did to the name. */
static void named(const struct reader *r, const struct text_call *call, struct file *file, struct file *before)
{
	files_asked(r, file, call->result);
	switch (is_failure(call->result) ? 0 : call->number) {
	case __NR_unlink:
	case __NR_rmdir:
	case __NR_unlinkat:
		file->removed = 1;
		file->removals++;
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_DELETE, file, NULL);
		break;
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
		/* To the name that it has: nothing was done (rename(2)). */
		if (!before || !strcmp(before->straight, file->straight))
			break;
		move_all(r, before, file, places_exchange(call));
		if (places_exchange(call))
			move_all(r, file, before, 1);
		break;
	case __NR_link:
	case __NR_linkat:
		if (!before)
			break;
		takes_over(file, before);
		if (!*before->path)
			named_now(before, file);
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_WRITE, file, before);
		break;
	case __NR_mkdir:
	case __NR_mkdirat:
	case __NR_mknod:
	case __NR_mknodat:
	case __NR_symlink:
	case __NR_symlinkat:
		file->removed = 0;
		break;
	case __NR_utime:
	case __NR_utimes:
	case __NR_utimensat:
	case __NR_futimesat:
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_TOUCH, file, NULL);
		break;
	default:
		if (r->files->format == FILES_FSATRACE && r->files->all)
			files_fsatrace(r->files, OPERATION_QUERY, file, NULL);
	}
}

/* linkat(2) names an open file, which may have no name yet (O_TMPFILE), by its descriptor. */
static struct file *behind(const struct reader *r, struct file *file)
{
	struct file *owner = NULL;
	int fd, pid, end = 0;

	if (((sscanf(file->path, "/proc/self/fd/%d%n", &fd, &end) == 1 || sscanf(file->path, "/proc/thread-self/fd/%d%n", &fd, &end) == 1) ||
	     (sscanf(file->path, "/proc/%d/fd/%d%n", &pid, &fd, &end) == 2 && pid == places_pid(r->files->places, r->event))) &&
	    end && !file->path[end])
		owner = places_owner(r->files->places, r->event, fd);
	return owner ? owner : file;
}

/* Each path of a call, relative to the descriptor in front of it. An empty one means that descriptor. */
void files_names(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	struct file *file = NULL;
	int64_t directory = AT_FDCWD;
	char given[RECORDED_PATH];

	for (unsigned i = 0; row && row->flags & CALL_FILE && i < 6; i++) {
		if (row->kinds[i] == ARG_DIRFD)
			directory = (int)call->arguments[i];
		/* What a symbolic link is to hold is no name of anything yet. */
		if (row->kinds[i] != ARG_PATH || (i == 0 && (call->number == __NR_symlink || call->number == __NR_symlinkat)))
			continue;
		if (text_string_at(&memory->memory, call->arguments[i], given, sizeof given)) {
			struct file *before = file;
			file = *given ? files_row(r, directory, given) : places_owner(r->files->places, r->event, (int)directory);
			if (*given)
				named(r, call, file, before ? behind(r, before) : NULL);
		}
		directory = AT_FDCWD;
	}
}
