/* A child that borrows the memory and shares the descriptors (clone with CLONE_VM, CLONE_VFORK and CLONE_FILES) executes a file on which the process has a lock (fcntl, F_SETLK). The
 * lock is both's; it stays the process's. */
#include "burst.h"
#include <sched.h>

static int executes(void *path)
{
	execl(path, path, NULL);
	_exit(92);
}

int main(void)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	struct flock lock = {.l_type = F_RDLCK}, other = {.l_type = F_WRLCK};
	int status, fd = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, "#!/bin/true\n", 12) != 12 || close(fd))
		die("script");
	fd = open("script", O_RDONLY | O_CLOEXEC);
	if (fcntl(fd, F_SETLK, &lock))
		die("F_SETLK");
	pid_t child = clone(executes, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, "script");
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("clone");
	printf("executed: %x\n", (unsigned)status);
	fflush(stdout);
	child = fork();
	if (!child) {
		if (fcntl(fd, F_GETLK, &other))
			die("F_GETLK");
		_exit(other.l_type != F_UNLCK);
	}
	waitpid(child, &status, 0);
	puts(WEXITSTATUS(status) ? "held" : "lost");
	return 0;
}
