/* S3_threads WHAT: where a log was asked for, every signal that would kill leads to the shim. handlers: a thread sets a handler and raises the signal, again and
 * again, while another spawns. stacks: a thread's stack overflows, and its handler jumps away on the thread's own alternate stack. first: process 1 of a
 * pid namespace, made by a fork without an exec, gets a signal that would kill others. pending: a real-time signal of a timer when no signal may be queued. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static int stop, taken;
static sigjmp_buf back;

static void count(int signal)
{
	(void)signal;
	taken++;
}

static void *spawns(void *unused)
{
	char *arguments[] = {"nobody", NULL};
	pid_t pid;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		posix_spawn(&pid, "/nobody/is/here", NULL, NULL, arguments, environ);
	return unused;
}

static int handlers(void)
{
	struct sigaction none = {.sa_handler = SIG_DFL}, ours = {.sa_handler = count};
	pthread_t thread;

	if (pthread_create(&thread, NULL, spawns, NULL))
		return 90;
	for (int i = 0; i < 10000; i++) {
		sigaction(SIGUSR1, &none, NULL);
		sigaction(SIGUSR1, &ours, NULL);
		raise(SIGUSR1);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return printf("%d signals taken\n", taken) < 0;
}

static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static int deep(int level)
{
	volatile char room[512];

	room[0] = (char)level;
	return level > 0 ? deep(level + 1) + room[0] : 0;
}

static void *overflows(void *unused)
{
	stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536};

	sigaltstack(&own, NULL);
	if (!sigsetjmp(back, 1))
		deep(1);
	else
		puts("recovered");
	return unused;
}

static int stacks(void)
{
	struct sigaction ours = {.sa_handler = jump, .sa_flags = SA_ONSTACK}, now;
	pthread_t thread;

	sigaction(SIGSEGV, &ours, NULL);
	if (pthread_create(&thread, NULL, overflows, NULL))
		return 90;
	pthread_join(thread, NULL);
	sigaction(SIGSEGV, NULL, &now);
	return printf("on a stack of its own: %d\n", !!(now.sa_flags & SA_ONSTACK)) < 0;
}

static int first(void)
{
	struct timespec time = {0, 50000000};
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return 77;
	pid = fork();
	if (pid == 0) {
		int shown = nanosleep(&time, NULL) == 0 && kill(1, SIGTERM) == 0 && nanosleep(&time, NULL) == 0;
		_exit(shown ? 7 : 8);
	}
	usleep(20000);
	waitpid(pid, &status, 0);
	return printf("it ended with %d\n", status) < 0;
}

static int pending(void)
{
	struct rlimit none = {0, 0};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3};
	struct itimerspec soon = {.it_value = {0, 1000000}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || setrlimit(RLIMIT_SIGPENDING, &none) || timer_settime(timer, 0, &soon, NULL))
		return 77;
	for (int i = 0; i < 10; i++)
		usleep(20000);
	return 4;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	return !strcmp(what, "handlers") ? handlers() : !strcmp(what, "stacks") ? stacks() : !strcmp(what, "first") ? first() : !strcmp(what, "pending") ? pending() : 91;
}
