/* Reads /etc/ld.so.cache: a head, entries of 24 bytes, and the texts that they point to by their distance from the head. Before all that the list of
 * libc5 may stand. Nothing is believed before it was checked against the file's size. */
#include "loader_cache.h"
#include "recording.h"
#include "../include/sysshim/record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

static const char magic[] = "glibc-ld.so.cache1.1";
enum { LARGEST = 64 << 20, FOR_X86_64 = 0x0303, KIND = 0xffff };

struct head {
	char magic[20];
	uint32_t count, texts, rest[5];
};

struct entry {
	uint32_t flags, key, value, os;
	uint64_t hwcap;
};
_Static_assert(sizeof(struct head) == 48 && sizeof(struct entry) == 24, "glibc's format");

/* Files of one name follow each other. */
struct listed {
	const char *name, *path;
	struct listed *next;
	UT_hash_handle hh;
};

/* For as long as the command runs: a recording has thousands of starts. NB: behind the last of `bytes` is a NUL. */
static char *bytes;
static size_t size;
static uint32_t sum;
static int is_read;
static struct listed *table;

static void read_all(int fd)
{
	struct stat status;
	ssize_t got;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > LARGEST)
		return;
	bytes = zeroed((size_t)status.st_size + 1);
	while (size < (size_t)status.st_size && (got = read(fd, bytes + size, (size_t)status.st_size - size)) > 0)
		size += (size_t)got;
	sum = RECORD_CACHE_SUM(status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

static void add(struct listed *one)
{
	struct listed *first;

	HASH_FIND_STR(table, one->name, first);
	if (!first) {
		HASH_ADD_KEYPTR(hh, table, one->name, strlen(one->name), one);
		return;
	}
	while (first->next)
		first = first->next;
	first->next = one;
}

static void add_all(void)
{
	const char *list = memmem(bytes, size, magic, sizeof magic - 1);
	size_t left = list ? size - (size_t)(list - bytes) : 0;
	struct head head;
	struct entry entry;

	if (left < sizeof head)
		return;
	memcpy(&head, list, sizeof head);
	for (size_t i = 0, at = sizeof head; i < head.count && at + sizeof entry <= left; i++, at += sizeof entry) {
		memcpy(&entry, list + at, sizeof entry);
		if ((entry.flags & KIND) != FOR_X86_64 || entry.key >= left || entry.value >= left)
			continue;
		struct listed *one = zeroed(sizeof *one);
		one->name = list + entry.key;
		one->path = list + entry.value;
		add(one);
	}
}

uint32_t loader_cache_sum(void)
{
	int fd = is_read ? -1 : open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);

	is_read = 1;
	if (fd >= 0) {
		read_all(fd);
		close(fd);
		if (bytes)
			add_all();
	}
	return sum;
}

int loader_cache_has(const char *name, const char *path, const char **other)
{
	struct listed *one;

	loader_cache_sum();
	HASH_FIND_STR(table, name, one);
	*other = one ? one->path : NULL;
	while (one && strcmp(one->path, path) != 0)
		one = one->next;
	return one != NULL;
}
