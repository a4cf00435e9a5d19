/* The table of opened paths: uthash over an arena, in memory that a fork wipes, so that a child starts with an empty table.
 * A table that is busy is not waited for: it is statistics, and the call under way is the program's. */
#include "files.h"
#include "process.h"
#include "../sys/arena.h"
#include "../sys/lock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

static void *table_take(size_t size);
#define uthash_malloc(size) table_take(size)
#define uthash_free(pointer, size) ((void)(pointer))
#define HASH_KEYCMP(a, b, n) memcmp(a, b, n)
#define uthash_bzero(a, n) memset(a, 0, n)
#define uthash_strlen(s) string_length(s)
/* Out of memory is not fatal: uthash then leaves the table as it was and clears the element's handle. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
/* It includes stdlib.h, where gcc 10 takes offence at atof while there are no vector registers. */
#define __NO_INLINE__ 1
#include <uthash.h>

#include "../sys/poison.h"

struct entry {
	UT_hash_handle hh;
	struct file file;
	char path[];
};

struct files {
	struct arena arena;
	struct entry *table;
	struct lock lock;
	uint64_t distinct;
	char path[PATH_LIMIT]; /* the one that is looked up */
};

enum { FILES_MEMORY = 1 << 20 };
static struct files *memory; /* wiped, not gone, in a forked child */

static void *table_take(size_t size)
{
	return arena_take(&memory->arena, size);
}

void files_start(struct process *p)
{
	if (!memory)
		memory = memory_wiped_on_fork(FILES_MEMORY);
	p->files = memory;
	if (memory)
		memory->arena = (struct arena){(char *)(memory + 1), (char *)memory + FILES_MEMORY};
}

/* One that is too long is cut. Its length, or -1. */
static long path_read(char *to, uint64_t from)
{
	long length = memory_string(memory_read, to, from, PATH_LIMIT - 1);

	if (length == PATH_LIMIT - 1)
		to[length] = 0;
	return length;
}

static struct entry *entry_for(struct files *files, size_t length)
{
	struct entry *entry;
	unsigned before = HASH_COUNT(files->table);

	HASH_FIND(hh, files->table, files->path, length, entry);
	if (entry)
		return entry;
	entry = arena_take(&files->arena, sizeof *entry + length + 1);
	if (!entry)
		return NULL;
	memcpy(entry->path, files->path, length + 1);
	entry->file.path = entry->path;
	HASH_ADD_KEYPTR(hh, files->table, entry->path, length, entry);
	return HASH_COUNT(files->table) > before ? entry : NULL;
}

void files_opened(struct process *p, uint64_t path, long result)
{
	struct files *files = p->files;
	uint64_t mask;
	struct entry *entry = NULL;

	counter_add(is_error(result) ? &p->tally.open_failed : &p->tally.opened, 1, (int)p->threads);
	if (files && !p->sealed && process_lock(p, &files->lock, &mask)) {
		long length = path_read(files->path, path);
		if (length >= 0)
			entry = entry_for(files, (size_t)length);
		if (entry)
			*(is_error(result) ? &entry->file.errors : &entry->file.opens) += 1;
		files->distinct = HASH_COUNT(files->table);
		lock_release(&files->lock, &mask);
	}
	if (!entry)
		counter_add(&p->tally.paths_unlisted, 1, (int)p->threads);
}

struct lock *files_lock(const struct process *p)
{
	return p->files ? &p->files->lock : NULL;
}

uint64_t files_distinct(const struct process *p)
{
	return p->files ? p->files->distinct : 0;
}
