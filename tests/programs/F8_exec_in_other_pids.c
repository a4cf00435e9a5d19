/* A child in our memory that runs beside us (CLONE_VM without CLONE_VFORK), in another namespace of pids, where it calls itself by a number that nobody has here, tries to execute what is no
 * program, again and again, while we make others of its kind: each time it is told so. */
#include "burst.h"
#include <sched.h>
#include <sys/mman.h>

enum { STACK = 1 << 20, TRIES = 2000, MOST = 500 };

static volatile int over, wrong, number;

static int executes(void *unused)
{
	char *none[] = {NULL};

	(void)unused;
	number = getpid();
	for (int i = 0; i < TRIES && !wrong; i++)
		if (execve("nothing", none, none) != -1 || errno != ENOEXEC)
			wrong = errno;
	over = 1;
	_exit(0);
}

static int ends(void *unused)
{
	(void)unused;
	_exit(0);
}

static void end(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	char *stacks = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open("nothing", O_WRONLY | O_CREAT | O_TRUNC, 0755), status, next = 2;

	if (file < 0 || write(file, "what is no program, and long enough to be looked at as one, which is no script and has no ELF header\n", 101) != 101)
		die("nothing");
	close(file);
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		puts("no namespaces here");
		return 77;
	}
	pid_t first = fork();
	if (!first) {
		for (;;)
			pause();
	}
	for (; (kill(next, 0) == 0 || errno != ESRCH) && next < MOST; next++)
		end();
	pid_t child = clone(executes, stacks + STACK, CLONE_VM | SIGCHLD, NULL);
	if (child < 0)
		die("clone");
	while (!over && waitpid(child, &status, WNOHANG) == 0) {
		pid_t other = clone(ends, stacks + 2 * STACK, CLONE_VM | SIGCHLD, NULL);
		if (other < 0 || waitpid(other, &status, 0) != other)
			die("clone");
	}
	kill(first, SIGKILL);
	printf("%s\n", number != next ? "another number" : wrong ? strerror(wrong) : over ? "each time" : "it has ended");
	return 0;
}
