/* Folders, for sysshim run --verify; see trees.h. */
#include "trees.h"
#include "recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { WALK_FILES = 32, PIECE = 64 << 10, BEFORE = 16, AROUND = 40 };

/* nftw(3) has no place for what its function works on. */
static int64_t total;
static struct names *gathered;
static size_t prefix;

static int add_size(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)path;
	(void)where;
	if (type == FTW_DNR || type == FTW_NS) {
		errno = EACCES;
		return 1;
	}
	/* Blocks of 512 bytes (inode(7)); a file of several names is one. */
	total += S_ISDIR(status->st_mode) || status->st_nlink < 2 ? status->st_blocks * 512 : status->st_blocks * 512 / (int64_t)status->st_nlink;
	return 0;
}

int64_t tree_size(const char *folder)
{
	total = 0;
	return nftw(folder, add_size, WALK_FILES, FTW_PHYS) == 0 ? total : -1;
}

static int open_up(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)where;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

void tree_remove(const char *folder)
{
	/* NB order: a folder is opened up before nftw looks into it. */
	nftw(folder, open_up, WALK_FILES, FTW_PHYS);
	nftw(folder, remove_one, WALK_FILES, FTW_PHYS | FTW_DEPTH);
}

static int add_name(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	gathered->paths = grown(gathered->paths, gathered->count, &gathered->room, sizeof *gathered->paths);
	gathered->paths[gathered->count] = strdup(path + prefix);
	return gathered->paths[gathered->count++] ? 0 : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int names_of(struct names *names, const char *const *folders, unsigned count)
{
	size_t kept = 0;

	*names = (struct names){0};
	gathered = names;
	for (unsigned i = 0; i < count; i++) {
		prefix = strlen(folders[i]);
		if (nftw(folders[i], add_name, WALK_FILES, FTW_PHYS) != 0)
			return 0;
	}
	qsort(names->paths, names->count, sizeof *names->paths, by_name);
	for (size_t i = 0; i < names->count; i++) {
		if (kept && !strcmp(names->paths[kept - 1], names->paths[i]))
			free(names->paths[i]);
		else
			names->paths[kept++] = names->paths[i];
	}
	names->count = kept;
	return 1;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->paths[i]);
	free(names->paths);
}

static void show(char to[SHOWN_TEXT], const char *bytes, size_t size)
{
	struct text out = {to, to + SHOWN_TEXT - 1, 0};

	text_quoted(&out, bytes, size);
	*out.at = 0;
}

/* The bytes around an offset; none: the end. */
static void show_around(char to[SHOWN_TEXT], int fd, int64_t offset)
{
	char bytes[BEFORE + AROUND];
	int64_t from = offset > BEFORE ? offset - BEFORE : 0;
	ssize_t size = pread(fd, bytes, (size_t)(offset - from) + AROUND, from);

	if (size <= offset - from)
		snprintf(to, SHOWN_TEXT, "the end");
	else
		show(to, bytes, (size_t)size);
}

static int differ_as(struct difference *d, const char *aspect, const char *left, const char *right)
{
	d->aspect = aspect;
	d->offset = -1;
	snprintf(d->left, sizeof d->left, "%s", left);
	snprintf(d->right, sizeof d->right, "%s", right);
	return 1;
}

static ssize_t read_whole(int fd, char *to, size_t size, int64_t from)
{
	size_t done = 0;

	while (done < size) {
		ssize_t part = pread(fd, to + done, size - done, from + (int64_t)done);
		if (part < 0)
			return -1;
		if (!part)
			break;
		done += (size_t)part;
	}
	return (ssize_t)done;
}

int contents_differ(int left, int right, struct difference *d)
{
	static char a[PIECE], b[PIECE];

	for (int64_t offset = 0;; offset += PIECE) {
		ssize_t sizes[2] = {read_whole(left, a, PIECE, offset), read_whole(right, b, PIECE, offset)};
		if (sizes[0] < 0 || sizes[1] < 0)
			return (sizes[0] < 0) != (sizes[1] < 0) &&
			       differ_as(d, "content", sizes[0] < 0 ? "cannot be read" : "can be read", sizes[1] < 0 ? "cannot be read" : "can be read");
		ssize_t common = sizes[0] < sizes[1] ? sizes[0] : sizes[1], i = 0;
		if (memcmp(a, b, (size_t)common) == 0)
			i = common;
		while (i < common && a[i] == b[i])
			i++;
		if (i < common || sizes[0] != sizes[1]) {
			d->aspect = "content";
			d->offset = offset + i;
			show_around(d->left, left, d->offset);
			show_around(d->right, right, d->offset);
			return 1;
		}
		if (common < PIECE)
			return 0;
	}
}

static const char *type_name(int is_there, mode_t mode)
{
	if (!is_there)
		return "not there";
	return S_ISREG(mode) ? "a file" : S_ISDIR(mode) ? "a folder" : S_ISLNK(mode) ? "a symbolic link" : S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static int links_differ(const char *left, const char *right, struct difference *d)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t sizes[2] = {readlink(left, a, sizeof a), readlink(right, b, sizeof b)};

	if (sizes[0] < 0 || sizes[1] < 0 || (sizes[0] == sizes[1] && memcmp(a, b, (size_t)sizes[0]) == 0))
		return 0;
	d->aspect = "link target";
	d->offset = -1;
	show(d->left, a, (size_t)sizes[0]);
	show(d->right, b, (size_t)sizes[1]);
	return 1;
}

static int files_differ(const char *left, const char *right, struct difference *d)
{
	int fds[2] = {open(left, O_RDONLY | O_CLOEXEC), open(right, O_RDONLY | O_CLOEXEC)};
	int differ = contents_differ(fds[0], fds[1], d);

	close(fds[0]);
	close(fds[1]);
	return differ;
}

int paths_differ(const char *left, const char *right, struct difference *d)
{
	struct stat a, b;
	int is_a = lstat(left, &a) == 0, is_b = lstat(right, &b) == 0;
	char modes[2][16];

	if (!is_a && !is_b)
		return 0;
	if (is_a != is_b || (a.st_mode & S_IFMT) != (b.st_mode & S_IFMT))
		return differ_as(d, "type", type_name(is_a, a.st_mode), type_name(is_b, b.st_mode));
	if (S_ISLNK(a.st_mode))
		return links_differ(left, right, d);
	if (a.st_mode != b.st_mode) {
		snprintf(modes[0], sizeof modes[0], "%04o", a.st_mode & 07777);
		snprintf(modes[1], sizeof modes[1], "%04o", b.st_mode & 07777);
		return differ_as(d, "mode", modes[0], modes[1]);
	}
	return S_ISREG(a.st_mode) && files_differ(left, right, d);
}

int listings_differ(const char *left, const char *right)
{
	struct dirent **names[2];
	int counts[2] = {scandir(left, &names[0], NULL, alphasort), scandir(right, &names[1], NULL, alphasort)};
	int differ = counts[0] != counts[1];

	for (int i = 0; !differ && i < counts[0]; i++)
		differ = strcmp(names[0][i]->d_name, names[1][i]->d_name) != 0;
	for (int side = 0; side < 2; side++) {
		for (int i = 0; i < counts[side]; i++)
			free(names[side][i]);
		if (counts[side] >= 0)
			free(names[side]);
	}
	return differ;
}
