/* Dispositions that were set by instructions of the program's own, or inherited, while the shim's handlers stand, go and come with each spawned child. See the driver. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static volatile sig_atomic_t taken[65];

static void handle(int number)
{
	taken[number]++;
}

/* Not by libc: nobody but the kernel hears of it. Without a restorer of its own the handler must not return, so libc's is taken from what libc has set before. */
static void set_past(int number, void (*handler)(int), int flags)
{
	struct kernel_action action;
	long result;

	if (syscall(SYS_rt_sigaction, SIGALRM, NULL, &action, 8) != 0)
		_exit(90);
	action.handler = handler;
	action.flags = (action.flags & 0x04000000) | (unsigned long)flags;
	action.mask = 0;
	register long r10 __asm__("r10") = 8;
	__asm__ volatile("syscall" : "=a"(result) : "0"(SYS_rt_sigaction), "D"(number), "S"(&action), "d"(0), "r"(r10) : "rcx", "r11", "memory");
	if (result)
		_exit(91);
}

static void tell(const char *when)
{
	printf("%s:", when);
	for (int i = 1; i < 65; i++) {
		struct sigaction now;
		if (sigaction(i, NULL, &now) != 0)
			continue;
		if (now.sa_handler != SIG_DFL || now.sa_flags & ~SA_RESTART)
			printf(" %d %s %#x", i, now.sa_handler == SIG_IGN ? "ignored" : now.sa_handler == handle ? "handled" : "other", (unsigned)now.sa_flags);
	}
	putchar('\n');
}

static void spawn(const char *how)
{
	char *arguments[] = {"sh", "-c", "grep SigIgn /proc/self/status", NULL};
	pid_t child;
	int status = -1;

	fflush(stdout);
	if (posix_spawnp(&child, "sh", NULL, NULL, arguments, environ) == 0)
		waitpid(child, &status, 0);
	printf("%s: child %d\n", how, status);
}

/* What is blocked stays pending although it is ignored, over exec and while children are spawned. */
static void tell_pending(const char *when)
{
	sigset_t pending;

	sigpending(&pending);
	printf("%s: pending %d %d\n", when, sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN + 3));
}

static int launch(char **arguments)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	raise(SIGUSR1);
	raise(SIGRTMIN + 3);
	tell_pending("before");
	fflush(stdout);
	arguments[1] = "pending";
	execv(arguments[0], arguments);
	return 99;
}

static int look_at_pending(void)
{
	struct sigaction action = {.sa_handler = handle};
	sigset_t none;

	tell_pending("executed");
	spawn("pending");
	tell_pending("spawned");
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN + 3, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	printf("came: %d %d\n", (int)taken[SIGUSR1], (int)taken[SIGRTMIN + 3]);
	return 0;
}

int main(int count, char **arguments)
{
	if (count > 1)
		return strcmp(arguments[1], "launch") ? look_at_pending() : launch(arguments);
	struct sigaction alarm = {.sa_handler = handle};

	sigaction(SIGALRM, &alarm, NULL);
	tell("at first");
	spawn("at first");
	set_past(SIGUSR1, handle, 0);
	set_past(SIGUSR2, SIG_IGN, 0);
	set_past(SIGIO, handle, SA_RESETHAND);
	for (int i = 0; i < 3; i++) {
		spawn("set");
		tell("set");
		raise(SIGUSR1);
		raise(SIGUSR2);
	}
	raise(SIGIO);
	spawn("reset");
	tell("reset");
	set_past(SIGUSR1, SIG_DFL, 0);
	set_past(SIGUSR2, handle, 0);
	spawn("set again");
	tell("set again");
	raise(SIGUSR2);
	printf("taken: %d %d %d\n", (int)taken[SIGUSR1], (int)taken[SIGUSR2], (int)taken[SIGIO]);
	fflush(stdout);
	raise(SIGUSR1);
	return 0;
}
