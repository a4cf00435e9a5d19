/* Prints the functions that backtrace() finds from a SIGALRM handler that interrupts a blocked call, one name a line: they must reach
 * from the call down to main. Which names those are is for the driver to compare: the shim may add its own. */
/* cc: -rdynamic -fno-optimize-sibling-calls -fno-omit-frame-pointer */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];
static void *frames[100];
static volatile int count;

static void on_alarm(int signal)
{
	(void)signal;
	count = backtrace(frames, 100);
}

/* not static: -rdynamic makes their names visible to dladdr */
__attribute__((noinline)) void wait_in_read(void)
{
	char c;
	if (read(ends[0], &c, 1) == 1)
		abort();
}

__attribute__((noinline)) void wait_in_fgets(void)
{
	char line[8];
	FILE *f = fdopen(ends[0], "r");
	if (fgets(line, sizeof line, f))
		abort();
}

__attribute__((noinline)) void wait_in_poll(void)
{
	struct pollfd wanted = {ends[0], POLLIN, 0};
	if (poll(&wanted, 1, -1) == 1)
		abort();
}

__attribute__((noinline)) void wait_in_waitpid(void)
{
	if (waitpid(-1, NULL, 0) == 1)
		abort();
}

__attribute__((noinline)) void wait_in_nanosleep(void)
{
	if (usleep(900000) == 0)
		abort();
}

__attribute__((noinline)) void caller(const char *name, void (*wait)(void))
{
	struct itimerval soon = {{0, 0}, {0, 50000}};

	count = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	wait();
	printf("== %s\n", name);
	for (int i = 0; i < count; i++) {
		Dl_info info;
		if (dladdr(frames[i], &info) && info.dli_sname)
			puts(info.dli_sname);
		else
			puts("?");
	}
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: the call returns EINTR */

	if (pipe(ends) || fork() == 0) {
		sleep(2);
		_exit(0);
	}
	backtrace(frames, 1); /* loads libgcc_s now and not in the handler */
	sigaction(SIGALRM, &action, NULL);
	caller("read", wait_in_read);
	caller("fgets", wait_in_fgets);
	caller("poll", wait_in_poll);
	caller("waitpid", wait_in_waitpid);
	caller("nanosleep", wait_in_nanosleep);
	puts("done");
	return 0;
}
