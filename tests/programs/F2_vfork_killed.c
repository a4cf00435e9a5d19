/* F2_vfork_killed [threads]: 40 children that borrow this memory make calls without end and are killed from outside, wherever they are; behind each its parent makes one that is
 * marked. threads: while another thread waits. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int borrow(void *unused)
{
	pid_t me = getpid();

	(void)unused;
	/* NB: not by libc's fork, within which malloc is locked: who is killed there leaves that so, natively too. */
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
		usleep(3000);
		kill(me, SIGKILL);
		_exit(0);
	}
	for (;;)
		open("/nobody/borrowed", O_RDONLY);
}

static void *waits(void *unused)
{
	pause();
	return unused;
}

int main(int count, char **arguments)
{
	static char stack[65536] __attribute__((aligned(16)));
	char path[64];
	pthread_t thread;

	(void)arguments;
	if (count > 1 && pthread_create(&thread, NULL, waits, NULL))
		return 2;
	for (int i = 0; i < 40; i++) {
		int status;
		pid_t pid = clone(borrow, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
			return 1;
		snprintf(path, sizeof path, "/nobody/behind/%d.", i);
		open(path, O_RDONLY);
	}
	return 0;
}
