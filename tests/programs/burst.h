/* What the tests of bursts share. A burst is a row of small writes with no other call in between or behind it: what was written may still
 * wait in memory when it has returned. Every line says who wrote it and which one it is, so that a file tells what is missing, doubled
 * or torn. */
#ifndef BURST_H
#define BURST_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *who = "first"; /* process: part of the names of its files */

static inline void die(const char *what)
{
	perror(what);
	exit(90);
}

/* Line i of a writer; it returns its length, 5 to 100 bytes. */
static inline int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	int at = 0, tens = 1;

	/* Without stdio: this is for handlers of signals too. */
	while (*name)
		text[at++] = *name++;
	text[at++] = ' ';
	while (i / tens >= 10)
		tens *= 10;
	for (; tens; tens /= 10)
		text[at++] = (char)('0' + i / tens % 10);
	text[at++] = ' ';
	memcpy(text + at, dots, i * 7 % 80);
	at += i * 7 % 80;
	text[at++] = '\n';
	text[at] = 0;
	return at;
}

/* Lines first to last-1. */
static inline void burst(int fd, const char *name, int first, int last)
{
	char text[160];

	for (int i = first; i < last; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
	}
}

static inline int create(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s.%s", who, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		die(path);
	return fd;
}

/* A system call of this program's own instructions, which no library sees. */
static inline long inline_call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
	return number;
}

static inline long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* No system call: the clock is read in the vDSO. */
static inline void spin(long long time)
{
	for (long long end = nanoseconds() + time; nanoseconds() < end;)
		;
}

/* Runs `body` in a forked child and returns its wait status. */
static inline int in_child(void (*body)(const void *), const void *with)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		body(with);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return status;
}

/* The same in this process. */
static inline void in_both(void (*body)(const void *), const void *with)
{
	int fd = create("armed");

	burst(fd, "armed", 0, 300);
	who = "child";
	int status = in_child(body, with);
	who = "first";
	if (status)
		printf("child's status %#x\n", status);
	burst(fd, "armed", 300, 400);
	close(fd);
	body(with);
}

/* How many lines of each writer stand in a file, and whether all are whole and in order: line i of a writer is its i-th. Of a writer
 * whose name begins with `maybe` some may be missing. */
struct writers {
	char name[16][24];
	int lines[16], count, wrong;
	char first_wrong[80];
};

static inline struct writers look(const char *path)
{
	struct writers all = {0};
	char text[256], wanted[160], name[24];
	FILE *f = fopen(path, "r");

	while (f && fgets(text, sizeof text, f)) {
		int i, w = 0;
		if (sscanf(text, "%23s %d", name, &i) == 2 && i >= 0) {
			while (w < all.count && strcmp(all.name[w], name) != 0)
				w++;
			line(wanted, name, i);
			int right = w < 16 && (i == all.lines[w] || (i > all.lines[w] && strncmp(name, "maybe", 5) == 0));
			if (right && strcmp(text, wanted) == 0) {
				if (w == all.count)
					strcpy(all.name[all.count++], name);
				all.lines[w] = i + 1;
				continue;
			}
		}
		if (all.wrong++ == 0)
			snprintf(all.first_wrong, sizeof all.first_wrong, "%.70s", text);
	}
	if (f)
		fclose(f);
	return all;
}

static inline int lines_of(const struct writers *all, const char *name)
{
	for (int w = 0; w < all->count; w++)
		if (strcmp(all->name[w], name) == 0)
			return all->lines[w];
	return 0;
}

static inline void tell(const char *path)
{
	struct writers all = look(path);

	printf("%s:", path);
	for (int w = 0; w < all.count; w++)
		printf(" %s %d", all.name[w], all.lines[w]);
	printf(all.wrong ? ", wrong %d: %s\n" : "\n", all.wrong, all.first_wrong);
}

#endif
