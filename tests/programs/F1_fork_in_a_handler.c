/* F1: a timer's handler forks wherever it comes, between two instructions of a logged call as well; the child comes back from the handler into what
 * was interrupted, makes some calls more and ends. */
/* variants: quiet log record all latency1 */
/* timeout: 120 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 300, CALLS = 20 };

static volatile int forked, failed, is_child;

static void timer(long microseconds)
{
	struct itimerval value = {{0, 0}, {0, microseconds}};

	setitimer(ITIMER_REAL, &value, NULL);
}

static void handle(int signal)
{
	int error = errno;
	pid_t child = forked < CHILDREN ? fork() : -1;

	(void)signal;
	if (child == 0) {
		is_child = 1;
	} else if (child > 0) {
		int status;
		forked++;
		while (waitpid(child, &status, 0) != child)
			;
		failed += status != 7 << 8;
		timer(20 + forked % 97);
	}
	errno = error;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle};
	int fd = open("/dev/null", O_RDWR);
	char byte;

	sigaction(SIGALRM, &action, NULL);
	timer(1000);
	for (int after = 0; forked < CHILDREN && after < CALLS; after += is_child) {
		if (lseek(fd, 0, SEEK_CUR) < 0 || pread(fd, &byte, 1, 0) != 0 || access("/", F_OK) != 0 || access("/nowhere", F_OK) == 0)
			_exit(9);
	}
	if (is_child)
		_exit(7);
	printf("%d children, %d failed\n", forked, failed);
	return 0;
}
