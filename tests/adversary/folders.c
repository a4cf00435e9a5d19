/* Operations on names and folders: what a path leads to changes while a burst to it goes on. */
#include "world.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define FILE_AT(name) (char[2]){"abcde"[(name)], 0}

/* The parent of the world's folder is nobody's business. */
static int depth;

void perform_folder(const int32_t *a)
{
	static const char *const ways[] = {"mkdir", "rmdir", "chdir", "chdir out", "fchdir"};
	int way = (int)((unsigned)a[0] % 5), result, fd;

	if (way == 3 && !depth)
		return;
	switch (way) {
	case 0:
		result = mkdir("folder", 0755);
		break;
	case 1:
		result = rmdir("folder");
		break;
	case 2:
		result = chdir("folder");
		break;
	case 3:
		result = chdir("..");
		break;
	default:
		fd = open("folder", O_DIRECTORY | (a[0] & 64 ? O_PATH : O_RDONLY));
		result = fchdir(fd);
		if (fd >= 0)
			close(fd);
	}
	if (result == 0)
		depth += way == 2 || way == 4 ? 1 : way == 3 ? -1 : 0;
	say("%s = %d", ways[way], result ? -errno : 0);
}

void perform_symlink(const int32_t *a)
{
	char to[64] = "";

	if (a[2] % 2) {
		if (a[2] & 2)
			unlink(FILE_AT(a[1]));
		say("symlink(%s, %s) = %d", FILE_AT(a[0]), FILE_AT(a[1]), symlink(FILE_AT(a[0]), FILE_AT(a[1])) ? -errno : 0);
	} else {
		ssize_t size = readlink(FILE_AT(a[0]), to, sizeof to - 1);
		say("readlink(%s) = %zd %s", FILE_AT(a[0]), size < 0 ? -errno : size, to);
	}
}

void perform_exchange(const int32_t *a)
{
	unsigned flags = a[2] % 2 ? RENAME_EXCHANGE : RENAME_NOREPLACE;

	say("renameat2(%s, %s, %u) = %ld", FILE_AT(a[0]), FILE_AT(a[1]), flags,
	    CALL(BY_LIBC, SYS_renameat2, AT_FDCWD, (long)FILE_AT(a[0]), AT_FDCWD, (long)FILE_AT(a[1]), flags));
}

/* A file without a name, and one that gets another name by its descriptor. */
void perform_unnamed(const int32_t *a)
{
	char path[32];
	int fd = slot_number(a[0]);

	if (a[2] % 2) {
		fd = open(".", O_TMPFILE | O_RDWR | (a[2] & 2 ? O_EXCL : 0), 0640);
		say("O_TMPFILE = %d", fd < 0 ? -errno : fd);
		if (fd >= 0)
			slot_opened(a[0], fd);
		return;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	say("linkat(%d, %s) = %d", fd, FILE_AT(a[1]), linkat(AT_FDCWD, path, AT_FDCWD, FILE_AT(a[1]), AT_SYMLINK_FOLLOW) ? -errno : 0);
}

void perform_list(const int32_t *a)
{
	unsigned hash = 0, count = 0;
	DIR *all = opendir(".");
	struct dirent *entry;

	(void)a;
	/* In which order they come is the file system's business. */
	for (; all && (entry = readdir(all)); count++)
		hash += hash_of(entry->d_name, strlen(entry->d_name));
	say("list: %u names, %08x", count, hash);
	if (all)
		closedir(all);
}

/* What a descriptor is may be everybody's: /dev/null. */
static int is_ours(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

void perform_mode(const int32_t *a)
{
	static const mode_t modes[] = {0600, 0644, 0444, 0200, 0755, 04755, 02644};
	mode_t mode = modes[(unsigned)a[2] / 4 % 7];
	int fd = slot_number(a[0]);

	if (a[2] % 4 == 0)
		say("umask = %o", umask(mode & 0077));
	else if (a[2] % 4 == 1)
		say("chmod(%s, %o) = %d", FILE_AT(a[1]), mode, chmod(FILE_AT(a[1]), mode) ? -errno : 0);
	else if (is_ours(fd))
		say("fchmod(%d, %o) = %d", fd, mode, fchmod(fd, mode) ? -errno : 0);
}

void perform_attribute(const int32_t *a)
{
	char value[32] = "";
	int fd = slot_number(a[0]);

	if (!is_ours(fd))
		return;
	if (a[1] % 2) {
		snprintf(value, sizeof value, "%d", (int)(a[1] & 255));
		say("fsetxattr(%d) = %d", fd, fsetxattr(fd, "user.sysshim", value, strlen(value), 0) ? -errno : 0);
	} else {
		ssize_t size = fgetxattr(fd, "user.sysshim", value, sizeof value - 1);
		say("fgetxattr(%d) = %zd %s", fd, size < 0 ? -errno : size, value);
	}
}

/* Has a file been written to since its time was set? NB: of a file: a socket's time is what the kernel's memory had before (net/socket.c, sock_alloc sets none). */
void perform_times(const int32_t *a)
{
	static const struct timespec set[2] = {{1000000000, 5}, {1000000000, 7}};
	struct stat status;
	int fd = slot_number(a[0]), result;

	switch (a[2] % 4) {
	case 0:
		if (is_ours(fd))
			say("futimens(%d) = %d", fd, futimens(fd, set) ? -errno : 0);
		break;
	case 1:
		say("utimensat(%s) = %d", FILE_AT(a[1]), utimensat(AT_FDCWD, FILE_AT(a[1]), set, 0) ? -errno : 0);
		break;
	default:
		if (a[2] & 4 && !is_ours(fd))
			return;
		result = a[2] & 4 ? fstat(fd, &status) : stat(FILE_AT(a[1]), &status);
		say("times (%d): %d, as set: %d", (int)a[2] & 4, result ? -errno : 0, !result && status.st_mtim.tv_sec == set[1].tv_sec && status.st_mtim.tv_nsec == set[1].tv_nsec);
	}
}
