/* F2: a handler that comes just when a vfork child has gone makes a call after which nothing is gathered any more: the dispositions that it reads from then on
 * are its own. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 300 */
#include "behind_a_vfork.h"
#include <sched.h>

enum { ROW = 60, FIRST = 600, LAST = 1500, APART = 15 /* instructions behind the kernel */ };

static void handle(int signal)
{
	int error = errno;

	(void)signal;
	unshare(CLONE_FILES);
	errno = error;
}

static void body(void)
{
	struct sigaction action = {.sa_handler = handle};
	int fd = open("rows", O_RDWR | O_CREAT | O_TRUNC, 0600), status;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < ROW; i++)
		if (write(fd, "r", 1) != 1)
			_exit(9);
	MARK();
	pid_t pid = vfork();
	if (pid == 0)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(8);
	unshare(CLONE_FILES);
	_exit(!is_default(SIGTERM) || !is_default(SIGSYS));
}

int main(int argc, char **argv)
{
	(void)argc;
	without_hurry(argv);
	int wrong = behind_a_vfork(body, FIRST, LAST, APART);
	printf("behind %d of %d places another handler stood, or it failed\n", wrong, (LAST - FIRST) / APART);
	unlink("rows");
	return 0;
}
