/* What /proc says of a process, and its memory. */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/auxvec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The beginning of /proc/PID/name: how many bytes. */
static size_t read_start(int pid, const char *name, char *to, size_t size)
{
	char path[64];
	size_t got = 0;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (ssize_t n; fd >= 0 && got < size && (n = read(fd, to + got, size - got)) > 0;)
		got += (size_t)n;
	if (fd >= 0)
		close(fd);
	return got;
}

static int number_behind(const char *text, const char *name)
{
	const char *found = strstr(text, name);

	return found ? atoi(found + strlen(name)) : 0;
}

int proc_ids(int tid, int *process, int *parent)
{
	char text[2048];
	size_t size = read_start(tid, "status", text, sizeof text - 1);

	text[size] = 0;
	*process = number_behind(text, "\nTgid:");
	*parent = number_behind(text, "\nPPid:");
	return *process > 0;
}

void proc_directory(int pid, char *to, size_t size)
{
	static const char deleted[] = " (deleted)";
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/cwd", pid);
	ssize_t length = readlink(path, to, size - 1);
	to[length > 0 && length < (ssize_t)size - 1 && *to == '/' ? length : 0] = 0;
	if (length >= (ssize_t)sizeof deleted && strcmp(to + length + 1 - (ssize_t)sizeof deleted, deleted) == 0)
		*to = 0;
}

int proc_is_without_rights(int pid)
{
	char path[64], text[2048];
	struct stat status;
	int user, group;
	size_t size = read_start(pid, "status", text, sizeof text - 1);

	text[size] = 0;
	const char *users = strstr(text, "\nUid:"), *groups = strstr(text, "\nGid:");
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	/* Real, then effective. */
	if (!users || !groups || sscanf(users, "\nUid: %*d %d", &user) != 1 || sscanf(groups, "\nGid: %*d %d", &group) != 1 || stat(path, &status) != 0)
		return 0;
	return (status.st_mode & S_ISUID && (int)status.st_uid != user) ||
	       ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && (int)status.st_gid != group);
}

size_t proc_arguments(int pid, char *to, size_t size)
{
	return read_start(pid, "cmdline", to, size);
}

long proc_memory(int tid, void *to, uint64_t from, size_t size)
{
	struct iovec ours = {to, size}, theirs = {(void *)(uintptr_t)from, size};
	ssize_t got = process_vm_readv(tid, &ours, 1, &theirs, 1, 0);

	return got < 0 ? -errno : got;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* As it was executed: one file may stand for many programs, under their names (busybox). */
void proc_program(int pid, char *to, size_t size)
{
	uint64_t auxiliary[128] = {0};
	char path[4096];
	size_t count = read_start(pid, "auxv", (char *)auxiliary, sizeof auxiliary) / 8;

	for (size_t i = 0; i + 1 < count; i += 2) {
		if (auxiliary[i] != AT_EXECFN)
			continue;
		long got = proc_memory(pid, path, auxiliary[i + 1], 4096 - auxiliary[i + 1] % 4096);
		if (got > 0 && memchr(path, 0, (size_t)got)) {
			snprintf(to, size, "%s", last_part(path));
			return;
		}
	}
	/* One of another word size has another vector. */
	size_t length = read_start(pid, "comm", to, size - 1);
	to[length ? length - 1 : 0] = 0;
}
