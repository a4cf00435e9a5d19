/* S8: a handler on the program's own alternate stack changes to another stack (swapcontext), where rows are written and the program's own instructions make calls, and comes back: what stands of it on the
 * alternate stack is as it was. */
/* coalesces: yes */
/* variants: quiet record all batch4096 latency1 stats */
/* timeout: 60 */
#include "burst.h"
#include <ucontext.h>

enum { TURNS = 50, ROW = 40, SIZE = 1 << 16 };

static int fd, back;
static char alternate[SIZE], stack[SIZE];
static ucontext_t handler, other;

static void rows(void)
{
	for (int i = 0; i < ROW; i++)
		if (write(fd, "r", 1) != 1)
			_exit(9);
	inline_call(SYS_getppid, 0, 0, 0, 0);
	setcontext(&handler);
}

static void handle(int signal)
{
	volatile int mark = signal;

	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof stack;
	makecontext(&other, rows, 0);
	swapcontext(&handler, &other);
	back += mark == signal;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	stack_t own = {.ss_sp = alternate, .ss_size = sizeof alternate};

	alarm(30);
	fd = open("rows", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sigaltstack(&own, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < TURNS; i++) {
		for (int j = 0; j < ROW; j++)
			if (write(fd, "r", 1) != 1)
				_exit(9);
		raise(SIGUSR1);
	}
	printf("%d times back, %d bytes\n", back, (int)lseek(fd, 0, SEEK_END));
	unlink("rows");
	return 0;
}
