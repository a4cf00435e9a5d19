/* A child whose stack has no guard below it, and that overflows: what lies below is nothing, and stays that. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void deeper(volatile char *above)
{
	char here[4096];

	here[0] = above[0];
	if (here[0] != 1)
		deeper(here);
}

static int overflows(void *unused)
{
	char byte = 0;

	(void)unused;
	/* A call, so that it is known of. */
	if (close(-1) < 0)
		deeper(&byte);
	return 9;
}

int main(void)
{
	enum { SIZE = 256 << 10 };
	char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int status = 0;

	pid_t child = clone(overflows, stack + SIZE, SIGCHLD, NULL);
	if (waitpid(child, &status, 0) != child)
		return 1;
	printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}
