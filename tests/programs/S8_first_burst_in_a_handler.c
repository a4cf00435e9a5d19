/* A program that has never set an alternate stack, with handlers that would run on one (SA_ONSTACK), makes its first burst in such a handler. Behind it they run where
 * they would natively, also those that need more than an alternate stack has; and none is there when it asks. */
/* coalesces: yes */
#include "deep.h"

static int file, lines;

static void bursts(int number)
{
	(void)number;
	burst(file, "main", lines, lines + 300);
	lines += 300;
}

static void told(const char *what)
{
	stack_t stack;

	sigaltstack(NULL, &stack);
	printf("%s: deep %d times, elsewhere %d, stack %d of %zu\n", what, deep, elsewhere, stack.ss_flags, stack.ss_size);
	fflush(stdout);
}

static void handled(const void *with)
{
	struct sigaction action = {.sa_handler = bursts, .sa_flags = SA_ONSTACK};

	file = create(with ? "asks" : "goes_on");
	lines = 0;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = goes_deep;
	sigaction(SIGUSR2, &action, NULL);
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR1);
		if (with)
			told("behind it");
		raise(SIGUSR2);
		bursts(0);
		raise(SIGUSR2);
	}
	told("at the end");
	close(file);
}

int main(int argc, char **argv)
{
	first = (char *)__builtin_frame_address(0);
	/* Each in a program of its own: a forked child inherits the stack. */
	if (argc > 1) {
		handled(argv[1][0] == 'a' ? "" : NULL);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		int status;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			/* An exec takes the stack away, and leaves its flags: none, then. */
			stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
			sigaltstack(&stack, NULL);
			execl("/proc/self/exe", argv[0], i ? "asks" : "goes on", NULL);
			_exit(90);
		}
		waitpid(pid, &status, 0);
		printf("status %#x\n", status);
	}
	puts("done");
	return 0;
}
