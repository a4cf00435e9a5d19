/* A signal handler, on an alternate stack, with every signal blocked that can be. */
#define _GNU_SOURCE
#include "frame.h"
#include <signal.h>

static char stack[256 * 1024];

static void handler(int number)
{
	(void)number;
	frame_run();
}

int main(int count, char **arguments)
{
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};

	frame_choose(count, arguments);
	sigfillset(&action.sa_mask);
	if (sigaltstack(&other, NULL) || sigaction(SIGUSR1, &action, NULL) || kill(getpid(), SIGUSR1))
		give_up("kill");
	return frame_done();
}
