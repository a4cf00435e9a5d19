/* All is let go of while a handler runs, in a program that has no alternate stack: behind it handlers that would run on one (SA_ONSTACK) run where they would natively, also
 * those that need more than an alternate stack has. Let go of by many calls without a batch, by memory that is shared, in a forked child that returns from the handler, in
 * a handler within a handler, by a thread, and by a fault that the program takes. */
/* coalesces: yes */
/* timeout: 120 */
#include "deep.h"
#include <pthread.h>
#include <sys/mman.h>

enum { BETWEEN = 512 << 10 /* the handler's frame and where it lets go */ };

static int file, lines, way;
static char *page;

static void bursts(void)
{
	burst(file, who, lines, lines + 300);
	lines += 300;
}

static void ends_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	printf("child: status %#x\n", status);
}

static void *sleeps(void *unused)
{
	for (;;)
		sleep(100);
	return unused;
}

static void lets_go(int number)
{
	static pid_t child;
	volatile char space[BETWEEN];

	memset((char *)space, 1, sizeof space);
	switch (way) {
	case 0:
		for (int i = 0; i < 3000; i++)
			getppid();
		break;
	case 1:
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			die("mmap");
		break;
	case 2:
		fflush(stdout);
		child = fork();
		if (child)
			ends_child(child);
		else
			who = "child";
		break;
	case 3:
		if (number == SIGUSR1) {
			raise(SIGHUP);
			break;
		}
		for (int i = 0; i < 3000; i++)
			getppid();
		break;
	case 4:
		if (pthread_create(&(pthread_t){0}, NULL, sleeps, NULL))
			die("pthread_create");
		break;
	default:
		*page = 1;
		break;
	}
}

static void allows(int number)
{
	(void)number;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void handled(void)
{
	struct sigaction action = {.sa_handler = lets_go, .sa_flags = SA_ONSTACK};
	stack_t stack;

	who = "main";
	file = create("lets_go");
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = goes_deep;
	sigaction(SIGUSR2, &action, NULL);
	action.sa_handler = allows;
	sigaction(SIGSEGV, &action, NULL);
	bursts();
	raise(SIGUSR1);
	raise(SIGUSR2);
	sigaltstack(NULL, &stack);
	printf("way %d: deep %d times, elsewhere %d, stack %d of %zu\n", way, deep, elsewhere, stack.ss_flags, stack.ss_size);
	bursts();
	raise(SIGUSR2);
	printf("deep %d times, elsewhere %d\n", deep, elsewhere);
	fflush(stdout);
	_exit(7);
}

static void in_way(const void *with)
{
	(void)with;
	handled();
}

int main(void)
{
	first = (char *)__builtin_frame_address(0);
	file = create("first");
	bursts();
	close(file);
	for (way = 0; way < 6; way++) {
		lines = 0;
		printf("status %#x\n", in_child(in_way, NULL));
	}
	puts("done");
	return 0;
}
