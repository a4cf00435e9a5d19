/* Which files this process maps: a write to one of them is seen through memory at once, so it is never buffered (D15); and memory that
 * other processes can write is a way in and out that makes no call. */
#include "batch.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "../sys/poison.h"

enum { INODES = sizeof((struct batch *)0)->inode / sizeof(uint64_t), TYPE = 0170000, REGULAR = 0100000, OTHERS_WRITE = 022 };

int mappings_have(const struct batch *b, uint64_t inode)
{
	for (uint32_t i = 0; i < b->inodes; i++)
		if (b->inode[i] == inode)
			return 1;
	return 0;
}

static enum let_go add(struct batch *b, uint64_t inode)
{
	if (mappings_have(b, inode))
		return LET_GO_NOT;
	if (b->inodes == INODES)
		return LET_GO_MAPPINGS;
	b->inode[b->inodes++] = inode;
	return LET_GO_NOT;
}

/* glibc's gconv-modules.cache and its like: root's, and nobody can write them. */
static int is_constant(const struct stat *status)
{
	return (status->st_mode & TYPE) == REGULAR && status->st_uid == 0 && !(status->st_mode & OTHERS_WRITE);
}

/* Memory that we share with our own files, and with forked children for what the summary tells. */
static int is_ours(uint64_t start)
{
	return start == (uint64_t)process->log.sink.window || start == (uint64_t)process->stats.window || start == (uint64_t)inherited.family;
}

static uint64_t hexadecimal(const char *text)
{
	uint64_t value = 0;

	for (;; text++) {
		if (*text >= '0' && *text <= '9')
			value = value << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			value = value << 4 | (uint64_t)(*text - 'a' + 10);
		else
			return value;
	}
}

/* One line of /proc/self/maps (proc(5)), its newline replaced by 0: "start-end perm offset device inode   path". */
static enum let_go line(struct batch *b, const char *text)
{
	struct stat status;
	uint64_t inode = 0;
	unsigned spaces = 0;
	const char *permissions = text, *at = text;

	while (*permissions && *permissions++ != ' ')
		;
	for (; *at && spaces < 4; at++)
		spaces += *at == ' ';
	for (; *at >= '0' && *at <= '9'; at++)
		inode = inode * 10 + (uint64_t)(*at - '0');
	while (*at == ' ')
		at++;
	enum let_go why = inode ? add(b, inode) : LET_GO_NOT;
	if (why || spaces < 4 || permissions[3] != 's' || is_ours(hexadecimal(text)))
		return why;
	return permissions[1] == 'w' || !*at || RAW(__NR_stat, at, &status) != 0 || !is_constant(&status) ? LET_GO_SHARED_MEMORY : LET_GO_NOT;
}

/* The whole lines in space[0 .. size); the rest of an unfinished one moves to the front, and its length is returned. */
static size_t lines(struct batch *b, char *space, size_t size, enum let_go *why)
{
	size_t start = 0;

	for (size_t i = 0; i < size; i++) {
		if (space[i] != '\n')
			continue;
		space[i] = 0;
		if (!*why)
			*why = line(b, space + start);
		start = i + 1;
	}
	for (size_t i = start; i < size; i++)
		space[i - start] = space[i];
	return size - start;
}

enum let_go mappings_read(struct batch *b, char *space, size_t size)
{
	enum let_go why = LET_GO_NOT;
	size_t left = 0;
	long fd = RAW(__NR_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC), got;

	b->inodes = 0;
	if (fd < 0)
		return LET_GO_NO_MAPS;
	while ((got = RAW(__NR_read, fd, space + left, size - left)) > 0)
		left = lines(b, space, left + (size_t)got, &why);
	RAW(__NR_close, fd);
	return why ? why : got < 0 || left ? LET_GO_NO_MAPS : LET_GO_NOT;
}

enum let_go mappings_add(struct batch *b, int fd, uint64_t protection, uint64_t flags)
{
	struct stat status;

	if (flags & MAP_ANONYMOUS)
		return flags & MAP_SHARED ? LET_GO_SHARED_MEMORY : LET_GO_NOT;
	if (RAW(__NR_fstat, fd, &status) != 0)
		return LET_GO_NOT;
	if (flags & MAP_SHARED && (protection & PROT_WRITE || !is_constant(&status)))
		return LET_GO_SHARED_MEMORY;
	return add(b, status.st_ino);
}
