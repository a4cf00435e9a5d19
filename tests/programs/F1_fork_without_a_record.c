/* A handler forks where the child can make no file (RLIMIT_FSIZE is 0), and the child comes back into the middle of its parent's call, which was recorded
 * when it began. Both go on as natively. */
/* variants: quiet log record */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];
static volatile int child;

static void handler(int signal)
{
	struct rlimit none = {0, RLIM_INFINITY};

	(void)signal;
	setrlimit(RLIMIT_FSIZE, &none);
	child = fork();
	if (child == 0)
		getppid();
	else if (write(ends[1], "xy", 2) != 2)
		_exit(1);
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	char byte;
	int status = -1;

	if (pipe(ends) != 0 || sigaction(SIGALRM, &action, NULL) != 0)
		return 1;
	ualarm(20000, 0);
	if (read(ends[0], &byte, 1) != 1)
		return 2;
	if (child == 0)
		_exit(11);
	waitpid(child, &status, 0);
	setrlimit(RLIMIT_FSIZE, &all);
	printf("%c, the child's status is %x\n", byte, status);
	return 0;
}
