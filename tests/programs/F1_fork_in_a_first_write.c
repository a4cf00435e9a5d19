/* F1: a handler forks in the midst of the first write of a batch, at each of the instructions before it has ended; its children write rows of their own to another file, put a third one
 * behind the number, and come back into that write. Each makes so many calls more, so that one of them has gathered as often as its parent: what comes then is the third file's. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 300 */
#include "steps.h"

enum { ROW = 40, CHILDREN = 12, PLACES = 150, LAST = 60 /* instructions before its end */, FIRST = 3 /* rows before */ };

static int fd, other, third, is_child, wrong;

static void handle(int signal)
{
	int error = errno, status;

	(void)signal;
	for (int calls = 0; calls < CHILDREN && !is_child; calls++) {
		pid_t pid = fork();
		if (pid == 0) {
			is_child = 1;
			for (int i = 0; i < ROW; i++)
				if (write(other, "o", 1) != 1)
					_exit(9);
			for (int i = 0; i < calls; i++)
				lseek(other, 0, SEEK_END);
			dup2(third, fd);
			break;
		}
		if (waitpid(pid, &status, 0) != pid || status != 7 << 8 || lseek(other, 0, SEEK_END) != ROW || lseek(third, 0, SEEK_END) > 1)
			wrong++;
		if (ftruncate(other, 0) != 0 || ftruncate(third, 0) != 0)
			_exit(9);
	}
	errno = error;
}

static void body(void)
{
	struct sigaction action = {.sa_handler = handle};

	sigaction(SIGUSR1, &action, NULL);
	fd = open("first", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	other = open("other", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	third = open("third", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	for (int i = 0; i < FIRST * ROW; i++)
		if (write(fd, "f", 1) != 1 || (i % ROW == ROW - 1 && lseek(fd, 0, SEEK_END) != i + 1))
			_exit(9);
	/* The kernel's; the next begins a batch. */
	if (write(fd, "f", 1) != 1)
		_exit(9);
	MARK();
	if (write(fd, "f", 1) != 1)
		_exit(9);
	if (is_child)
		_exit(7);
	MARK();
	_exit(wrong ? 1 : lseek(fd, 0, SEEK_END) != FIRST * ROW + 2);
}

/* How many instructions it takes, or with the signal in front of number `at`. */
static long run(long at)
{
	pid_t pid = traced(body);
	long n = 0;

	if (!to_mark(pid))
		die("the first mark");
	while (n < at && step(pid))
		n++;
	if (n == at)
		kill(pid, SIGUSR1);
	while (to_mark(pid))
		;
	return n;
}

int main(int argc, char **argv)
{
	int failed = 0;

	(void)argc;
	without_hurry(argv);
	long length = run(1 << 30);
	for (long at = length > PLACES ? length - PLACES : 0; at < length - LAST; at++) {
		run(at);
		failed += step_status != 0;
	}
	printf("in %d places a child wrote into another file, or failed\n", failed);
	unlink("first");
	unlink("other");
	unlink("third");
	return 0;
}
