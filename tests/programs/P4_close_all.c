/* A program that takes every descriptor for its own: it closes all in the ways that programs do, puts copies over all of them, expects
 * `open` to give the lowest number, and runs at its limit. What each call returns, and what stands in /proc/self/fd, is printed: a
 * descriptor that somebody else holds, or has moved out of the way, shows. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT = 900, LIMIT = 1024 };

/* The report goes through a descriptor of our own choice, or the closing of all would end it. */
static void say(const char *what, long value)
{
	char line[96];
	int length = snprintf(line, sizeof line, "%s: %ld%s%s\n", what, value, value < 0 ? " " : "", value < 0 ? strerror(errno) : "");

	if (write(REPORT, line, (size_t)length) != length)
		_exit(1);
}

static void list(const char *when)
{
	char line[512];
	int length = snprintf(line, sizeof line, "%s: descriptors", when);
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	int found[64], count = 0;

	while (folder && (entry = readdir(folder)))
		if (*entry->d_name != '.' && count < 64)
			found[count++] = atoi(entry->d_name);
	if (folder)
		closedir(folder);
	for (int number = 0; number < 2 * LIMIT; number++)
		for (int i = 0; i < count; i++)
			if (found[i] == number && length < 480)
				length += snprintf(line + length, sizeof line - (size_t)length, " %d", number);
	line[length++] = '\n';
	if (write(REPORT, line, (size_t)length) != length)
		_exit(1);
}

/* opens until nothing is left, and says which numbers came */
static void lowest(const char *when)
{
	int first = open("/dev/null", O_RDWR), second = dup(first), ends[2] = {-1, -1};

	say(when, first);
	say("  dup", second);
	say("  pipe", pipe(ends));
	say("  its ends", ends[0] * 10000L + ends[1]);
	say("  fcntl from 10", fcntl(first, F_DUPFD, 10));
	for (int fd = first; fd < 20; fd++)
		close(fd);
}

static void loop_close(void)
{
	for (int fd = 3; fd < LIMIT; fd++)
		if (fd != REPORT && close(fd) == 0)
			say("was open", fd);
}

static void closed(const char *how)
{
	list(how);
	lowest(how);
}

static void over_everything(void)
{
	int null = open("/dev/null", O_RDWR), wrong = 0;

	for (int fd = 0; fd < LIMIT; fd++)
		if (fd != REPORT && fd != null && dup2(null, fd) != fd)
			wrong++;
	say("dup2 over everything, wrong", wrong);
	say("open when all are taken", open("/dev/null", O_RDWR));
	say("fopen when all are taken", fopen("/dev/null", "r") ? 0 : -1);
	say("opendir when all are taken", opendir("/") ? 0 : -1);
	wrong = 0;
	for (int fd = 0; fd < LIMIT; fd++)
		if (fd != REPORT && write(fd, "x", 1) != 1)
			wrong++;
	say("write to each, wrong", wrong);
	/* a child can still be made, and finds everything taken too */
	pid_t child = fork();
	if (child == 0)
		_exit(open("/dev/null", O_RDWR) < 0 && errno == EMFILE ? 5 : 6);
	int status;
	waitpid(child, &status, 0);
	say("child", status >> 8);
	say("close_range with a hole", syscall(__NR_close_range, 0u, REPORT - 1u, 0) | syscall(__NR_close_range, REPORT + 1u, ~0u, 0));
}

int main(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = LIMIT;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (dup2(1, REPORT) != REPORT)
		return 1;
	list("at first");
	lowest("at first");
	loop_close();
	closed("after a loop");
	/* the standard ones too, as a daemon does */
	say("close 0", close(0));
	say("open takes 0", open("/dev/null", O_RDONLY));
	say("close 2", close(2));
	say("open takes 2", open("kept", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	say("write to it", write(2, "mine\n", 5));
	close(0);
	close(1);
	close(2);
	closed("without standard descriptors");
	for (int i = 0; i < 30; i++)
		if (open("/dev/null", O_RDWR) != i)
			say("not the lowest", i);
	closefrom(REPORT + 1);
	say("closefrom", close_range(0, REPORT - 1, 0));
	closed("after close_range");
	over_everything();
	closed("after all that");
	/* with no number left under the limit */
	limit.rlim_cur = 0;
	say("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
	say("open under no limit", open("/dev/null", O_RDONLY));
	say("dup2 under no limit", dup2(REPORT, 1));
	say("close_range of everything but the report", close_range(0, REPORT - 1, 0));
	/* libc's exit flushes streams whose descriptors are gone */
	printf("into nothing\n");
	say("done", 0);
	close(REPORT);
	closefrom(0);
	return 3;
}
