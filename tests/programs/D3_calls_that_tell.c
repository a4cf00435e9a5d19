/* Calls that look as if they were about the process alone, and tell others of it, or it of others: who sees them, or is seen by them, finds what was written before.
 * The mask of new files and the list of robust futexes can be asked for by others; whether a process is there says its clock (clock_getcpuclockid(3)), and who one is in a new user
 * namespace whoever writes its map. */
/* variants: quiet log record all latency1 nobatch */
#include "burst.h"
#include <linux/futex.h>
#include <sched.h>
#include <sys/stat.h>

enum { BYTES = 300, ROUNDS = 15 };

static void writes(int fd)
{
	for (int i = 0; i < BYTES; i++)
		if (write(fd, "x", 1) != 1)
			_exit(91);
}

static int is_whole(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size == BYTES;
}

/* By whoever shares it: umask itself would change it. */
static int asks_mask(void)
{
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t size = read(fd, text, sizeof text - 1);

	text[size < 0 ? 0 : size] = 0;
	close(fd);
	return strstr(text, "Umask:\t0027") != NULL;
}

static struct robust_list_head list = {{&list.list}, 0, NULL};

static int asks_list(pid_t child)
{
	struct robust_list_head *theirs;
	size_t size;

	return syscall(SYS_get_robust_list, child, &theirs, &size) == 0 && theirs == &list;
}

/* A child shows something behind its writes. */
static void shown(const char *what, int is_mask)
{
	int fd = create("out");

	umask(022);
	fflush(stdout);
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		writes(fd);
		is_mask ? (long)umask(027) : syscall(SYS_set_robust_list, &list, sizeof list);
		spin(100000000);
		_exit(0);
	}
	while (is_mask ? !asks_mask() : !asks_list(child))
		;
	printf("%s: the file is %s\n", what, is_whole(fd) ? "whole" : "not whole");
	waitpid(child, NULL, 0);
	close(fd);
}

/* Never is somebody there behind the writes who was gone before they could be read. */
static void there(void)
{
	int wrong = 0, status;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = create("out");
		pid_t other = fork();
		if (other == 0) {
			spin(1000000 + i * 100000);
			_exit(0);
		}
		pid_t child = fork();
		if (child == 0) {
			clockid_t clock;
			writes(fd);
			status = clock_getcpuclockid(other, &clock) == 0;
			spin(30000000);
			_exit(status);
		}
		waitpid(other, NULL, 0);
		int whole = is_whole(fd);
		waitpid(child, &status, 0);
		wrong += status && !whole;
		close(fd);
	}
	printf("there, and gone before: %d\n", wrong);
}

/* Never is the map missing behind the writes that was there before they could be read. */
static void mapped(void)
{
	char path[40];
	int wrong = 0, status;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = create("out");
		pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
		if (child == 0) {
			writes(fd);
			status = getuid() != 0;
			spin(30000000);
			_exit(status);
		}
		snprintf(path, sizeof path, "/proc/%d/uid_map", child);
		int map = open(path, O_WRONLY);
		spin(1000000 + i * 100000);
		int is_mapped = child > 0 && write(map, "0 0 1\n", 6) == 6, whole = is_whole(fd);
		waitpid(child, &status, 0);
		wrong += is_mapped && status && !whole;
		close(fd), close(map);
	}
	printf("not mapped, and mapped before: %d\n", wrong);
}

static void tells(const void *unused)
{
	(void)unused;
	shown("mask", 1);
	shown("list", 0);
	there();
	mapped();
}

int main(void)
{
	tells(NULL);
	in_both(tells, NULL);
	return 0;
}
