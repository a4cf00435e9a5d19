/* A program finds all signals blocked by whoever has started it, glibc's own too, and opens the others: what it reads back behind a burst is that signal 33 is blocked, and SIGSYS not. glibc opens
 * its own at the first thread, and SIGSYS is open then too. */
#include "burst.h"
#include <pthread.h>

static unsigned long mask(void)
{
	unsigned long set = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &set, 8);
	return set;
}

static void only(unsigned long set)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

static void *tells(void *unused)
{
	printf("second: %lx\n", mask());
	return unused;
}

/* argv[1]: what stays blocked */
int main(int argc, char **argv)
{
	unsigned long set = argc > 1 ? strtoul(argv[1], NULL, 16) : 0;
	char blocked[] = "100000000", both[] = "180000000";
	pthread_t thread;

	if (set) {
		only(set);
		who = argv[1];
		int file = create("signals");
		burst(file, who, 0, 300);
		printf("behind a burst: %lx\n", mask());
		burst(file, who, 300, 400);
		if (pthread_create(&thread, NULL, tells, NULL) || pthread_join(thread, NULL))
			die("pthread_create");
		printf("behind a thread: %lx\n", mask());
		fflush(stdout);
	}
	if (set && strcmp(argv[1], both) == 0)
		return 0;
	only(~0ul);
	execl("/proc/self/exe", argv[0], set ? both : blocked, NULL);
	die("exec");
}
