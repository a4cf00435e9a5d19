/* What the D programs have in common. A burst is a row of small writes with no other call among them, which is what coalescing gathers;
 * `in_both` is the frame: a first process, then a forked child, which must find out everything anew. */
#ifndef BURST_FILES_H
#define BURST_FILES_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void die(const char *what)
{
	perror(what);
	_exit(90);
}

/* Line i of a writer; it returns its length, 5 to 100 bytes. */
static inline int line(char *text, const char *who, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", who, i, i * 7 % 80, dots);
}

/* Lines first to last - 1, one write each; the number of bytes. */
static inline off_t burst(int fd, const char *who, int first, int last)
{
	char text[128];
	off_t sum = 0;

	for (int i = first; i < last; i++) {
		int length = line(text, who, i);
		if (write(fd, text, length) != length)
			_exit(91);
		sum += length;
	}
	return sum;
}

/* One byte each. */
static inline void drip(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (write(fd, &"abcdefghijklmnopqrstuvwxyz\n"[i % 27], 1) != 1)
			_exit(91);
}

static inline uint32_t hash(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint32_t sum = 2166136261u;

	while (size--)
		sum = (sum ^ *at++) * 16777619u;
	return sum;
}

/* "who.what", a name of a file; never given back. */
static inline const char *named(const char *who, const char *what)
{
	char *name;

	if (asprintf(&name, "%s.%s", who, what) < 0)
		die("asprintf");
	return name;
}

static inline int fresh(const char *who, const char *what, int flags)
{
	int fd = open(named(who, what), flags | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		die("open");
	return fd;
}

/* A result, or the name of the error. */
static inline const char *outcome(long result)
{
	static char texts[8][64];
	static int next;
	char *text = texts[next++ % 8];

	if (result < 0)
		snprintf(text, sizeof texts[0], "%s", strerrorname_np(errno));
	else
		snprintf(text, sizeof texts[0], "%ld", result);
	return text;
}

/* Waits for a child that may hang: after `seconds` it is killed, and said to hang. */
static inline int status_of(pid_t child, int seconds)
{
	int status = 0;

	for (int i = 0; i < seconds * 200; i++) {
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child)
			return status;
		if (got < 0)
			return -1;
		usleep(5000);
	}
	printf("  it hangs\n");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return status;
}

static inline void in_both(void (*body)(const char *who))
{
	printf("first:\n");
	body("first");
	printf("child:\n");
	fflush(stdout);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		body("child");
		fflush(stdout);
		_exit(0);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status) {
		printf("the child ends with %#x\n", status);
		exit(1);
	}
	/* and the first one once more, which has waited meanwhile */
	printf("again:\n");
	body("again");
	puts("done");
}

#endif
