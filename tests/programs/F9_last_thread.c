/* The process ends, but not by its first thread's return: main leaves by pthread_exit, by a raw exit of the thread, is the only thread or
 * leaves others behind; the last one returns, exits, faults, is cancelled, or ends by a raw exit too, always behind a burst of small
 * writes. The burst is there whole, handlers of exit run where they natively do, and the status is what the kernel makes of it. Our own
 * last words (the variant stderr) come at that real end. */
/* variants: quiet log record all interpose stderr */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *who;
static int first, last; /* files of the first thread and of the last one */
static pthread_t main_thread;

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
	}
}

static int file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s.%s", who, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		_exit(90);
	return fd;
}

static void raw_exit(int status)
{
	__asm__ volatile("syscall" ::"a"(SYS_exit), "D"(status) : "rcx", "r11", "memory");
	__builtin_trap();
}

static void at_exit(void)
{
	burst(last, "at-exit", 300);
}

/* The first thread is a zombie as soon as it has ended, however it did. */
static void await_end_of_main(void)
{
	char path[64], text[512], state = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
	while (state != 'Z') {
		int fd = open(path, O_RDONLY);
		ssize_t got = read(fd, text, sizeof text - 1);
		close(fd);
		if (got <= 0)
			_exit(92);
		text[got] = 0;
		state = strrchr(text, ')')[2];
		usleep(1000);
	}
	burst(last, "main-is-gone", 400);
}

static void *returns(void *unused)
{
	(void)unused;
	burst(last, "thread", 300);
	await_end_of_main();
	return NULL;
}

static void *joins_and_returns(void *unused)
{
	(void)unused;
	burst(last, "thread", 300);
	pthread_join(main_thread, NULL);
	burst(last, "joined", 300);
	return NULL;
}

static void *exits(void *unused)
{
	(void)unused;
	await_end_of_main();
	exit(5);
}

static void *exits_at_once(void *unused)
{
	(void)unused;
	await_end_of_main();
	_exit(6);
}

static void *ends_raw(void *unused)
{
	(void)unused;
	await_end_of_main();
	raw_exit(8);
	return NULL;
}

static void *faults(void *unused)
{
	(void)unused;
	await_end_of_main();
	*(volatile int *)0 = 1;
	return NULL;
}

static void *is_terminated(void *unused)
{
	(void)unused;
	await_end_of_main();
	raise(SIGTERM);
	return NULL;
}

static void *is_cancelled(void *unused)
{
	(void)unused;
	await_end_of_main();
	pthread_cancel(pthread_self());
	burst(last, "never", 1);
	return NULL;
}

/* the last one is another thread's child, and its parent has gone, too */
static void *begets(void *unused)
{
	pthread_t thread;

	(void)unused;
	burst(file("between"), "begets", 300);
	pthread_create(&thread, NULL, returns, NULL);
	pthread_detach(thread);
	return NULL;
}

static void *forks(void *unused)
{
	int status;
	pid_t pid;

	(void)unused;
	await_end_of_main();
	pid = fork();
	if (pid == 0) {
		burst(last, "child", 500);
		pthread_exit(NULL); /* the only thread there: as exit(0), with its handlers */
	}
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(93);
	burst(last, "parent", 300);
	return NULL;
}

/* the process executes another program when its first thread is a zombie */
static void *executes(void *unused)
{
	(void)unused;
	await_end_of_main();
	dup2(last, 1);
	execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 200 ]; do echo executed $i; i=$((i+1)); done; exit 9", NULL);
	return NULL;
}

static void leave_by_pthread_exit(void)
{
	pthread_exit(NULL);
}

static void leave_raw(void)
{
	raw_exit(3);
}

static void leave_by_syscall(void)
{
	syscall(SYS_exit, 4);
}

static const struct ending {
	const char *name;
	void (*leave)(void);     /* the first thread */
	void *(*thread)(void *); /* the last one, where there is one */
} endings[] = {
	{"alone.pthread_exit", leave_by_pthread_exit, NULL},
	{"alone.raw", leave_raw, NULL},
	{"alone.syscall", leave_by_syscall, NULL},
	{"pthread_exit.returns", leave_by_pthread_exit, returns},
	{"pthread_exit.joins", leave_by_pthread_exit, joins_and_returns},
	{"pthread_exit.exits", leave_by_pthread_exit, exits},
	{"pthread_exit._exits", leave_by_pthread_exit, exits_at_once},
	{"pthread_exit.raw", leave_by_pthread_exit, ends_raw},
	{"pthread_exit.faults", leave_by_pthread_exit, faults},
	{"pthread_exit.terminated", leave_by_pthread_exit, is_terminated},
	{"pthread_exit.cancelled", leave_by_pthread_exit, is_cancelled},
	{"pthread_exit.begets", leave_by_pthread_exit, begets},
	{"pthread_exit.forks", leave_by_pthread_exit, forks},
	{"pthread_exit.executes", leave_by_pthread_exit, executes},
	{"raw.returns", leave_raw, returns},
	{"raw.exits", leave_raw, exits},
	{"raw.raw", leave_raw, ends_raw},
	{"raw.faults", leave_raw, faults},
	{"syscall.returns", leave_by_syscall, returns},
	{"syscall.cancelled", leave_by_syscall, is_cancelled},
};

static void begin(const struct ending *ending)
{
	pthread_t thread;

	who = ending->name;
	first = file("first");
	last = file("last");
	atexit(at_exit);
	main_thread = pthread_self();
	burst(first, "before", 500);
	if (ending->thread) {
		pthread_create(&thread, NULL, ending->thread, NULL);
		if (ending->thread != joins_and_returns && ending->thread != is_cancelled)
			pthread_detach(thread);
	}
	burst(first, "leaves", 400);
	ending->leave();
}

static void *ends_the_program(void *unused)
{
	(void)unused;
	pthread_join(main_thread, NULL);
	burst(last, "very-last", 500);
	puts("done"); /* goes out at the process's end: by then this is the only thread */
	return NULL;
}

int main(void)
{
	pthread_t thread;

	for (unsigned i = 0; i < sizeof endings / sizeof *endings; i++) {
		int status;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			begin(&endings[i]);
		waitpid(pid, &status, 0);
		printf("%s: status %#x\n", endings[i].name, status);
	}
	who = "program";
	first = file("first");
	last = file("last");
	main_thread = pthread_self();
	burst(first, "before", 500);
	pthread_create(&thread, NULL, ends_the_program, NULL);
	burst(first, "leaves", 400);
	pthread_exit(NULL);
}
