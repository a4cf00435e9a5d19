/* F2: a handler that comes just when a vfork child has gone forks; its child writes a row, comes back there, and executes something by a vfork of its own: the dispositions that it reads behind that are
 * its own. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 120 */
#include "behind_a_vfork.h"

enum { ROW = 60, PLACES = 60, APART = 6 /* instructions behind the kernel */ };

static int fd, is_child, failed;

static void row(int to)
{
	for (int i = 0; i < ROW; i++)
		if (write(to, "r", 1) != 1)
			_exit(9);
}

static void handle(int signal)
{
	int error = errno, status;
	pid_t pid = fork();

	(void)signal;
	if (pid == 0) {
		is_child = 1;
		row(fd);
	} else {
		failed = waitpid(pid, &status, 0) != pid || status != 7 << 8;
	}
	errno = error;
}

static void body(void)
{
	struct sigaction action = {.sa_handler = handle};
	int status;

	fd = open("rows", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	sigaction(SIGUSR1, &action, NULL);
	row(fd);
	MARK();
	pid_t pid = vfork();
	if (pid == 0)
		_exit(0);
	/* Natively the signal comes here. */
	for (volatile int i = 0; i < PLACES; i++)
		;
	if (!is_child)
		_exit(waitpid(pid, &status, 0) != pid || failed);
	row(fd);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(6);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(5);
	row(fd);
	_exit(is_default(SIGTERM) && is_default(SIGSYS) ? 7 : 1);
}

int main(int argc, char **argv)
{
	(void)argc;
	without_hurry(argv);
	int wrong = behind_a_vfork(body, 0, PLACES, APART);
	printf("behind %d of %d places another handler stood, or it failed\n", wrong, PLACES / APART);
	unlink("rows");
	return 0;
}
