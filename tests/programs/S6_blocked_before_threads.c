/* SIGSYS is blocked behind a burst of small writes, then the first thread is made, for which glibc opens two signals of its own: in both threads SIGSYS stays blocked, and one that is sent waits. */
/* coalesces: yes */
#include "burst.h"
#include <pthread.h>

static void tells(const char *which)
{
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	printf("%s: SIGSYS %s\n", which, sigismember(&set, SIGSYS) ? "blocked" : "open");
}

static void *starts(void *unused)
{
	tells("second");
	return unused;
}

int main(void)
{
	int file = create("threads"), got;
	pthread_t thread;
	sigset_t set;

	burst(file, who, 0, 300);
	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	burst(file, who, 300, 400);
	if (pthread_create(&thread, NULL, starts, NULL) || pthread_join(thread, NULL))
		die("pthread_create");
	tells("first");
	kill(getpid(), SIGSYS);
	sigwait(&set, &got);
	printf("waited for %d\n", got);
	tell("first.threads");
	return 0;
}
