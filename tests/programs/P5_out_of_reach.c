/* P5: a program shuts itself off from our file in the way that its first argument names, and starts others: ld.so, which would say on their stderr that it does not find us, is not
 * to look. `folder` is ours alone.
 *
 * `filter`: another program's view of the files, then a seccomp filter of its own. `filtered`: the same filter stands before the program that changes its view.
 * `noexec`: what is mounted there may not be executed, in a mount namespace of its own.
 * `landlock`: what may be read by its mode may not be opened; `threads`: the same, while a second thread is there. A third argument: forks only. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int skip(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 77;
}

static int filter(void)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* linux/landlock.h, which is not everywhere. */
enum { ADD_RULE = 445, CREATE = 444, RESTRICT = 446, BENEATH = 1 };
static const uint64_t EXECUTE = 1, READ_FILE = 1 << 2, READ_FOLDER = 1 << 3;
struct beneath {
	uint64_t access;
	int32_t folder;
} __attribute__((packed));

/* All that stands in the root may be read, but where `folder` is. */
static int landlock(const char *folder)
{
	uint64_t handled = EXECUTE | READ_FILE | READ_FOLDER;
	int rules = (int)syscall(CREATE, &handled, sizeof handled, 0);
	DIR *root = opendir("/");
	char path[PATH_MAX];

	if (rules < 0 || !root)
		return -1;
	for (struct dirent *entry; (entry = readdir(root));) {
		size_t length = (size_t)snprintf(path, sizeof path, "/%s", entry->d_name);
		if (*entry->d_name == '.' || (!strncmp(path, folder, length) && folder[length] == '/'))
			continue;
		struct beneath rule = {handled, open(path, O_PATH | O_CLOEXEC)};
		/* One that is no folder is not needed. */
		syscall(ADD_RULE, rules, BENEATH, &rule, 0);
		close(rule.folder);
	}
	closedir(root);
	int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(RESTRICT, rules, 0) ? -1 : 0;
	close(rules);
	return result;
}

static int forbid(const char *folder)
{
	return unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(folder, folder, NULL, MS_BIND, NULL) ||
	       mount("none", folder, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL);
}

static void *sleeps(void *unused)
{
	pause();
	return unused;
}

static int status_of(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

int main(int count, char **arguments)
{
	char *script[] = {"sh", "-c", "ls -d /; (exec echo second); exit 5", NULL}, *way = count > 2 ? arguments[1] : "", gone[PATH_MAX];
	pthread_t thread;
	pid_t pid;

	if (count < 3)
		return 99;
	snprintf(gone, sizeof gone, "%s.gone", arguments[2]);
	if (!strcmp(way, "filtered")) {
		if (filter())
			return skip("seccomp");
		execl("/proc/self/exe", "again", "moves", arguments[2], arguments[3], NULL);
		return 98;
	}
	if (!strcmp(way, "threads"))
		pthread_create(&thread, NULL, sleeps, NULL);
	if (!strcmp(way, "landlock") || !strcmp(way, "threads")) {
		if (landlock(arguments[2]))
			return skip("Landlock");
	} else if (!strcmp(way, "noexec")) {
		if (forbid(arguments[2]))
			return skip("a mount");
	} else if (rename(arguments[2], gone)) {
		return skip("rename");
	}
	if (!strcmp(way, "filter") && filter())
		return skip("seccomp");
	if (!(pid = fork())) {
		execvp(script[0], script);
		_exit(97);
	}
	printf("forked: %d\n", status_of(pid));
	fflush(stdout);
	if (count == 3 && posix_spawnp(&pid, script[0], NULL, NULL, script, environ))
		return 96;
	if (count == 3)
		printf("spawned: %d\n", status_of(pid));
	fflush(stdout);
	execvp(script[0], script);
	return 95;
}
