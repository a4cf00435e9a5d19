/* A signal comes just when a vfork child has gone, in one child of ours after the other a few instructions later. */
#ifndef BEHIND_A_VFORK_H
#define BEHIND_A_VFORK_H
#include "steps.h"

static inline int is_default(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

/* `body` says MARK() in front of its vfork, and has a handler for SIGUSR1, which comes `first` to `last` instructions behind the kernel. How many of its children did not end with 0. */
static inline int behind_a_vfork(void (*body)(void), long first, long last, long apart)
{
	int wrong = 0;

	for (long at = first; at < last; at += apart) {
		pid_t pid = traced(body);
		if (!to_mark(pid) || ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEVFORKDONE))
			die("the mark");
		go(pid, PTRACE_CONT, 0);
		for (long n = 0; n < at && step(pid);)
			n++;
		kill(pid, SIGUSR1);
		while (to_mark(pid))
			;
		wrong += step_status != 0;
	}
	return wrong;
}

#endif
