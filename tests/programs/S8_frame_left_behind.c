/* S8: what is left of a handler's frame lies in a later function's frame, which has written over a part of it, the place of the mask among it. There words of the program's own
 * stand, and nobody changes them when all is let go of: in a forked child, by many calls, by a thread. */
/* coalesces: yes */
/* variants: quiet log record all batch7 stats */
#include "burst.h"
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ucontext.h>

enum { WORDS = sizeof(ucontext_t) / 8, FORKS = 0, CALLS, THREADS, WAYS };
static const uint64_t own = 0x100000000u; /* as a mask: signal 33 */

static uint64_t frame[WORDS];

static void copies(int number, siginfo_t *information, void *context)
{
	(void)number;
	(void)information;
	memcpy(frame, context, sizeof frame);
}

static void *ends(void *unused)
{
	return unused;
}

/* The alternate stack alone is as it was. */
static int is_own(unsigned i)
{
	return i < offsetof(ucontext_t, uc_stack) / 8 || i >= offsetof(ucontext_t, uc_mcontext) / 8;
}

static int changed(const volatile uint64_t *left)
{
	int count = 0;

	for (unsigned i = 0; i < WORDS; i++)
		count += is_own(i) && left[i] != own + i;
	return count;
}

static __attribute__((noinline)) int lets_go(int way)
{
	volatile uint64_t left[WORDS];
	pthread_t thread;
	int status;

	for (unsigned i = 0; i < WORDS; i++)
		left[i] = is_own(i) ? own + i : frame[i];
	if (way == FORKS) {
		pid_t child = fork();
		if (!child)
			_exit(changed(left));
		if (waitpid(child, &status, 0) != child)
			die("waitpid");
		return status;
	}
	for (int i = 0; way == CALLS && i < 3000; i++)
		getppid();
	if (way == THREADS && (pthread_create(&thread, NULL, ends, NULL) != 0 || pthread_join(thread, NULL) != 0))
		die("thread");
	return changed(left);
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = copies, .sa_flags = SA_SIGINFO};
	int fd = create("lines");

	sigaction(SIGUSR1, &action, NULL);
	for (int way = 0; way < WAYS; way++) {
		burst(fd, who, way * 5000, way * 5000 + 4900);
		raise(SIGUSR1);
		burst(fd, who, way * 5000 + 4900, way * 5000 + 5000);
		printf("way %d: %d\n", way, lets_go(way));
	}
	close(fd);
	tell("first.lines");
	return 0;
}
