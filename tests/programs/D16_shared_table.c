/* D16_shared_table: two processes with one table of descriptors and memories of their own (CLONE_FILES without CLONE_VM). The first writes a row
 * of lines to a number and goes on computing; the second waits until all stand in the file, natively at once, or for `patience` ms, and lets the
 * number mean another file. Not a byte of the row may be in that one. A forked child does the same once more. */
#include "burst_files.h"
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

enum { PATIENCE = 450 /* ms; the driver's latency is 1000 */, N = 200 };

static volatile int changed;

static void on_change(int signal)
{
	changed = 1;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static pid_t shared_child(int way)
{
	long flags = CLONE_FILES | SIGCHLD, pid = SYS_clone;

	if (way == 0)
		return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
	register long tid __asm__("r10") = 0, tls __asm__("r8") = 0;
	__asm__ volatile("syscall" : "+a"(pid) : "D"(flags), "S"(0), "d"(0), "r"(tid), "r"(tls) : "rcx", "r11", "memory");
	return (pid_t)pid;
}

static void one(const char *who, int way)
{
	const char *name = named(who, way ? "inline" : "syscall");
	int fd = fresh(name, "first", O_WRONLY), other = fresh(name, "second", O_WRONLY), watch = open(named(name, "first"), O_RDONLY);
	off_t all = burst(fd, "before", 0, 300), size;
	char text[128];

	for (int i = 300; i < 300 + N; i++)
		all += line(text, "before", i);
	changed = 0;
	pid_t parent = getpid();
	fflush(stdout);
	pid_t child = shared_child(way);
	if (child < 0)
		die("clone");
	if (child == 0) {
		long end = milliseconds() + PATIENCE;
		while ((size = lseek(watch, 0, SEEK_END)) < all && milliseconds() < end)
			usleep(1000);
		if (dup2(other, fd) != fd)
			_exit(1);
		kill(parent, SIGUSR1);
		_exit(size < all ? 2 : 0);
	}
	burst(fd, "before", 300, 300 + N);
	while (!changed)
		;
	burst(fd, "after", 0, 200);
	printf("  %s: status %#x\n", name, status_of(child, 20));
	close(fd);
	close(other);
	close(watch);
}

static void body(const char *who)
{
	signal(SIGUSR1, on_change);
	one(who, 0);
	one(who, 1);
}

int main(void)
{
	in_both(body);
	return 0;
}
