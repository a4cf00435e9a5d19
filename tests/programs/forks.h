/* A timer's handler that forks wherever it comes; the child comes back into what was interrupted, goes on there, and is to end with 7. The includer says how many CHILDREN, and in how many
 * microseconds the next comes at the earliest: SOON. */
#ifndef FORKS_H
#define FORKS_H

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

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
		timer(SOON + forked % 97);
	}
	errno = error;
}

#endif
