/* Children in our memory that run beside us (CLONE_VM without CLONE_VFORK) execute something, a hundred of them: the process has no more memory behind that than before. */
#include "burst.h"
#include <sched.h>
#include <sys/mman.h>

enum { STACK = 1 << 20, FIRST = 5, CHILDREN = 105, LITTLE = 1 << 20 };

static long size(void)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	if (read(fd, text, sizeof text - 1) <= 0)
		die("statm");
	close(fd);
	return atol(text) * sysconf(_SC_PAGESIZE);
}

static int executes(void *name)
{
	execl("/proc/self/exe", name, "child", NULL);
	_exit(92);
}

int main(int argc, char **argv)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before = 0;
	int status;

	if (argc > 1)
		return 0;
	for (int i = 0; i < CHILDREN; i++) {
		if (i == FIRST)
			before = size();
		pid_t pid = clone(executes, stack + STACK, CLONE_VM | SIGCHLD, argv[0]);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			die("clone");
	}
	puts(size() - before < LITTLE ? "as before" : "it has grown");
	return 0;
}
