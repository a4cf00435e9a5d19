/* R12_children_coalesce NAME: bursts in the process, in children of it that are made in every way, also behind a let-go, and in theirs;
 * each says on stdout who it is: `pid name`. Each writes 1,000 lines to a file of its own. */
#include "burst.h"
#include <pthread.h>
#include <spawn.h>

extern char **environ;

static void works(const char *name)
{
	who = name;
	int fd = create("lines");
	burst(fd, name, 0, 1000);
	close(fd);
	dprintf(1, "%d %s\n", getpid(), name);
}

static void ended(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(90);
}

static void *nothing(void *unused)
{
	return unused;
}

/* A let-go of this process alone is not its children's. */
static void behind_threads(void)
{
	pthread_t thread;

	works("threaded-parent");
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	pid_t pid = fork();
	if (pid == 0) {
		works("child-of-threaded");
		_exit(0);
	}
	ended(pid);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		works(argv[1]);
		return 0;
	}
	/* before the first burst, and behind it */
	pid_t pid = fork();
	if (pid == 0) {
		works("early");
		_exit(0);
	}
	ended(pid);
	works("parent");
	pid = fork();
	if (pid == 0) {
		works("forked");
		pid = fork();
		if (pid == 0) {
			works("grandchild");
			_exit(0);
		}
		ended(pid);
		_exit(0);
	}
	ended(pid);
	pid = (pid_t)inline_call(SYS_fork, 0, 0, 0, 0);
	if (pid == 0) {
		works("inline");
		_exit(0);
	}
	ended(pid);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		works("cloned");
		_exit(0);
	}
	ended(pid);
	pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", argv[0], "vforked", NULL);
		_exit(1);
	}
	ended(pid);
	char *const arguments[] = {argv[0], "spawned", NULL};
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ))
		return 91;
	ended(pid);
	works("parent-again");
	behind_threads();
	execl("/proc/self/exe", argv[0], "executed", NULL);
	return 92;
}
