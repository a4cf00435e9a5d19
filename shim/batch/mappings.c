/* Which files this process maps: a write to one of them is seen through memory at once, so it is never buffered (D15); and memory that
 * other processes can write is a way in and out that makes no call: a shared mapping, and also a private one of a file that others may
 * write, for its untouched pages are the file's. Code is taken for constant. */
#include "batch.h"
#include "../sys/clock.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mman.h>

#include "../sys/poison.h"

enum { INODES = sizeof((struct batch *)0)->inode / sizeof(uint64_t), TYPE = 0170000, REGULAR = 0100000, OTHERS_WRITE = 022, SETTLED = 600 /* seconds */ };

int mappings_have(const struct batch *b, uint64_t inode)
{
	for (uint32_t i = 0; i < b->inodes; i++)
		if (b->inode[i] == inode)
			return 1;
	return 0;
}

enum use {
	USE_DATA = 1,     /* constant, as far as its owner and mode say */
	USE_DOUBTFUL = 2, /* others may write it */
	USE_CODE = 4      /* a mapping of it can be executed */
};

/* Where the inode stands in the list, or -1: the list is full. */
static int add(struct batch *b, uint64_t inode, unsigned use)
{
	uint32_t i = 0;

	while (i < b->inodes && b->inode[i] != inode)
		i++;
	if (i == INODES)
		return -1;
	if (i == b->inodes) {
		b->inodes++;
		b->inode_use[i] = 0;
	}
	b->inode[i] = inode;
	b->inode_use[i] |= (uint8_t)use;
	return (int)i;
}

static int use_of(const struct batch *b, uint64_t inode)
{
	for (uint32_t i = 0; i < b->inodes; i++)
		if (b->inode[i] == inode)
			return b->inode_use[i];
	return 0;
}

/* What a file is, by its path or, where there is none, by a descriptor of it. */
struct facts {
	uint64_t inode, changed; /* seconds */
	int is_roots;            /* and nobody else may write it */
};

/* Apart from the next, so that a program's small stack holds one struct of the kernel's at a time. */
static __attribute__((noinline)) int look_at(const char *path, int fd, struct facts *facts)
{
	struct stat status;

	if ((path ? RAW_STAT(path, &status) : RAW(__NR_fstat, fd, &status)) != 0)
		return 0;
	*facts = (struct facts){status.st_ino, (uint64_t)status.st_mtime, (status.st_mode & TYPE) == REGULAR && status.st_uid == 0 && !(status.st_mode & OTHERS_WRITE)};
	return 1;
}

/* No store into such a file's memory changes its time (mm/shmem.c has no page_mkwrite). */
static __attribute__((noinline)) int is_in_memory(const char *path, int fd)
{
	struct statfs fs;

	return (path ? RAW(__NR_statfs, path, &fs) : RAW(__NR_fstatfs, fd, &fs)) != 0 || (uint64_t)fs.f_type == TMPFS_MAGIC;
}

/* glibc's locale-archive, gconv-modules.cache and their like: root's, and nobody else can write them. Where we are root ourselves that says
 * little: then the file must have been left alone for a while too. */
static int is_constant(const struct facts *facts, const char *path, int fd)
{
	return facts->is_roots && (RAW(__NR_geteuid) != 0 || (facts->changed + SETTLED < clock_realtime() / 1000000000u && !is_in_memory(path, fd)));
}

/* Memory that we share with our own files, and with forked children for what the summary tells. */
static int is_ours(uint64_t start)
{
	return start == (uint64_t)process->log.sink.window || start == (uint64_t)process->stats.window || start == (uint64_t)inherited.family ||
	       start == (uint64_t)inherited.total;
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
	struct facts facts;
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
	if (spaces < 4)
		return LET_GO_NOT;
	/* NB: a segment of System V has its number there, and the first one of a namespace is 0. */
	int shared = permissions[3] == 's' && !is_ours(hexadecimal(text));
	if (!inode)
		return shared ? LET_GO_SHARED_MEMORY : LET_GO_NOT;
	unsigned use = permissions[2] == 'x' ? USE_CODE : use_of(b, inode) ? 0 : USE_DATA;
	if (shared || use == USE_DATA) {
		/* NB: the name may lead to another file by now. */
		int constant = *at && look_at(at, -1, &facts) && facts.inode == inode && is_constant(&facts, at, -1);
		if (shared && (permissions[1] == 'w' || !constant))
			return LET_GO_SHARED_MEMORY;
		if (!shared && !constant && permissions[3] == 'p')
			use = USE_DOUBTFUL;
	}
	return add(b, inode, use) < 0 ? LET_GO_MAPPINGS : LET_GO_NOT;
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
	long fd = RAW_OPEN("/proc/self/maps", O_RDONLY | O_CLOEXEC), got;

	b->inodes = 0;
	if (fd < 0)
		return LET_GO_NO_MAPS;
	while ((got = own_read(RAW(__NR_read, fd, space + left, size - left))) > 0)
		left = lines(b, space, left + (size_t)got, &why);
	RAW(__NR_close, fd);
	for (uint32_t i = 0; !why && i < b->inodes; i++)
		if ((b->inode_use[i] & (USE_DOUBTFUL | USE_CODE)) == USE_DOUBTFUL)
			why = LET_GO_SHARED_MEMORY;
	return why ? why : got < 0 || left ? LET_GO_NO_MAPS : LET_GO_NOT;
}

enum let_go mappings_add(struct batch *b, int fd, uint64_t protection, uint64_t flags)
{
	struct facts facts;

	if (flags & MAP_ANONYMOUS)
		return flags & MAP_SHARED ? LET_GO_SHARED_MEMORY : LET_GO_NOT;
	if (!look_at(NULL, fd, &facts))
		return LET_GO_NOT;
	int constant = is_constant(&facts, NULL, fd);
	if (flags & MAP_SHARED && (protection & PROT_WRITE || !constant))
		return LET_GO_SHARED_MEMORY;
	if (!constant && !(protection & PROT_EXEC) && !(use_of(b, facts.inode) & USE_CODE))
		return LET_GO_SHARED_MEMORY;
	return add(b, facts.inode, protection & PROT_EXEC ? USE_CODE : USE_DATA) < 0 ? LET_GO_MAPPINGS : LET_GO_NOT;
}
