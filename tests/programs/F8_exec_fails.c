/* F8_exec_fails threads|jumps FILE: an exec of FILE, which is no program, fails again and again. threads: while another thread uses the lowest free descriptor by its number.
 * jumps: a timer's handler jumps out of it. No descriptor is taken away, none is left open. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int stop;
static char *file;
static sigjmp_buf back;
static volatile sig_atomic_t inside;

static void execute(void)
{
	char *arguments[] = {file, NULL}, *environment[] = {NULL};

	execve(file, arguments, environment);
}

static void *executes(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		execute();
	return unused;
}

static int threads(int lowest)
{
	int other = 0, lost = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, executes, NULL))
		return 90;
	for (int i = 0; i < 20000; i++) {
		int fd = open("/dev/null", O_RDONLY);
		other += fd != lowest;
		close(fd);
		dup2(0, lowest);
		for (volatile int k = 0; k < 300; k++)
			;
		lost += fcntl(lowest, F_GETFD) < 0;
		close(lowest);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return printf("%d opened elsewhere, %d lost\n", other, lost) < 0;
}

static void jump(int signal)
{
	(void)signal;
	if (inside) {
		inside = 0;
		siglongjmp(back, 1);
	}
}

static int jumps(int lowest)
{
	struct sigaction action = {.sa_handler = jump};
	struct itimerval often = {{0, 70}, {0, 70}}, never = {{0, 0}, {0, 0}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (volatile int i = 0; i < 8000; i++) {
		if (!sigsetjmp(back, 1)) {
			inside = 1;
			execute();
		}
		inside = 0;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return printf("%d left open\n", dup(0) - lowest) < 0;
}

int main(int argc, char **argv)
{
	int lowest = dup(0);

	close(lowest);
	if (argc != 3)
		return 91;
	file = argv[2];
	return !strcmp(argv[1], "threads") ? threads(lowest) : jumps(lowest);
}
