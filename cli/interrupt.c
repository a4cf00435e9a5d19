/* Signals that end a live view; see interrupt.h. */
#include "interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupted_by;

static void note(int signal)
{
	interrupted_by = signal;
}

static void await(int signal)
{
	struct sigaction old;

	if (sigaction(signal, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signal, &(struct sigaction){.sa_handler = note, .sa_flags = SA_RESETHAND | SA_RESTART}, NULL);
}

void interrupt_await(void)
{
	await(SIGINT);
	await(SIGTERM);
	await(SIGQUIT);
}

void interrupt_end(void)
{
	if (!interrupted_by)
		return;
	signal(interrupted_by, SIG_DFL);
	raise(interrupted_by);
}
