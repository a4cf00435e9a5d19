/* Rows of the audit's table; see files_row.h. */
#include "files_row.h"
#include "path_text.h"

#include <stdlib.h>
#include <string.h>

/* A folder that rows stand in, at any depth. */
struct folder {
	UT_hash_handle hh;
	char path[];
};

int file_is_folder(const struct files *f, const struct file *file)
{
	struct folder *folder;

	HASH_FIND(hh, f->folders, file->straight, strlen(file->straight), folder);
	return folder != NULL;
}

static void add_folders(struct files *f, const char *path)
{
	struct folder *folder;

	for (const char *end = strrchr(path, '/'); end && end > path; end = memrchr(path, '/', (size_t)(end - path))) {
		size_t length = (size_t)(end - path);
		HASH_FIND(hh, f->folders, path, length, folder);
		if (folder)
			return;
		folder = zeroed(sizeof *folder + length + 1);
		memcpy(folder->path, path, length);
		HASH_ADD_KEYPTR(hh, f->folders, folder->path, length, folder);
	}
}

void folders_free(struct files *f)
{
	struct folder *folder, *next;

	HASH_ITER(hh, f->folders, folder, next)
	{
		HASH_DEL(f->folders, folder);
		free(folder);
	}
}

struct file *file_of(struct files *f, const char *path, const char *given)
{
	struct file *file;
	size_t length = strlen(path);
	char room[PATH_ROOM];

	HASH_FIND(hh, f->table, path, length, file);
	if (file)
		return file;
	file = zeroed(sizeof *file + length + 1);
	memcpy(file->path, path, length + 1);
	file->given = copied(given);
	file->straight = path_straight(file->path, room) == room ? copied(room) : file->path;
	HASH_ADD_KEYPTR(hh, f->table, file->path, length, file);
	add_folders(f, file->straight);
	return file;
}

struct file *file_nameless(struct files *f)
{
	struct file *file = zeroed(sizeof *file + 1);

	file->straight = file->path;
	file->next = f->nameless;
	f->nameless = file;
	return file;
}

void file_add_bytes(struct file *to, const struct file *from)
{
	to->read += from->read;
	to->written += from->written;
	for (unsigned i = 0; i < SIZES; i++) {
		to->read_sizes[i] += from->read_sizes[i];
		to->write_sizes[i] += from->write_sizes[i];
	}
}

void file_free(struct file *file)
{
	free(file->pids);
	free(file->programs);
	free(file->given);
	if (file->straight != file->path)
		free(file->straight);
	free(file);
}

/* Most have one: room doubles where the count is a power of two. */
static void *room_for_one(void *array, size_t count, size_t each)
{
	return count & (count - 1) ? array : resized(array, (count ? 2 * count : 1) * each);
}

void file_noted(struct file *file, uint64_t time, int pid, const char *program)
{
	size_t i;

	if (!file->first || time < file->first)
		file->first = time;
	if (time > file->last)
		file->last = time;
	/* Those that come again mostly do so at once. */
	for (i = file->pids_count; i-- > 0;)
		if (file->pids[i] == pid)
			break;
	if (i == SIZE_MAX) {
		file->pids = room_for_one(file->pids, file->pids_count, sizeof *file->pids);
		file->pids[file->pids_count++] = pid;
	}
	for (i = 0; i < file->programs_count; i++)
		if (!strncmp(file->programs[i], program, sizeof ((struct record_header *)0)->program))
			return;
	file->programs = room_for_one(file->programs, file->programs_count, sizeof *file->programs);
	file->programs[file->programs_count++] = program;
}

void file_failed(struct file *file, int64_t result)
{
	int error = (int)-result;

	if (!file->error)
		file->error = error;
	if (error > 0 && error < ERRORS)
		file->errors[error / 64] |= 1ull << (error % 64);
}

void file_opened(struct file *file, unsigned access, int64_t result)
{
	int failed = is_failure(result);

	file->opens += !failed;
	file->failed += (uint64_t)failed;
	if (failed)
		file_failed(file, result);
	else
		file->access |= access;
}

int file_by_path(const struct file *a, const struct file *b)
{
	return strcmp(a->path, b->path);
}
