/* Who has made a new namespace of pids, and not yet its first process, executes a program that is open here. That program's first child is the namespace's init: with any other one
 * before it the namespace would have ended, and nobody could fork any more. */
#include "burst.h"
#include <sched.h>

int main(int argc, char **argv)
{
	int status;

	if (argc > 1) {
		pid_t child = fork();
		if (child < 0)
			die("fork");
		if (!child)
			_exit(getpid() == 1 ? 7 : 8);
		waitpid(child, &status, 0);
		printf("%s: the first child: %s\n", argv[1], WEXITSTATUS(status) == 7 ? "init" : "another");
		return 0;
	}
	if (open("/proc/self/exe", O_RDONLY) < 0)
		die("open");
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		puts("no namespaces here");
		return 77;
	}
	/* behind an exec that fails, too */
	execl("/dev/null", "null", NULL);
	execl("/proc/self/exe", argv[0], "executed", NULL);
	die("exec");
}
