#!/bin/bash
# With a log or counters that were asked for, handlers of ours stand in the place of fatal defaults. The program reads back its own dispositions and
# never meets ours, also where libc is not rewritten, and sigaction is a name that nobody sees (S6).
set -u
. "$SRC/tests/lib/lib.sh"

cat >dispositions.c <<'C'
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The dispositions that stand at the start, and each that was there before it is set. */
int main(void)
{
	struct sigaction was, ignored = {.sa_handler = SIG_IGN};
	int status;

	for (int i = 1; i <= 64; i++)
		if (sigaction(i, NULL, &was) == 0)
			printf("%d%s %#x\n", i, was.sa_handler == SIG_DFL ? "" : " has a handler", (unsigned)was.sa_flags);
	sigaction(SIGPIPE, &ignored, &was);
	printf("before it was ignored: %d\n", was.sa_handler == SIG_DFL);
	fflush(stdout);
	if (fork() == 0)
		raise(SIGTERM);
	wait(&status);
	printf("killed by %d\n", WTERMSIG(status));
	return 0;
}
C
cc -O1 -o dispositions dispositions.c || fail "it does not compile"
for ways in interpose rewrite rewrite,interpose rewrite-all,interpose; do
	same_run "log-$ways" SYSSHIM_INTERCEPT=$ways SYSSHIM_LOG="$PWD/log.%p" -- "$PWD/dispositions"
	same_run "recording-$ways" SYSSHIM_INTERCEPT=$ways SYSSHIM_LOG="$PWD/recording-$ways" SYSSHIM_LOG_FORMAT=binary -- "$PWD/dispositions"
	same_run "counters-$ways" SYSSHIM_INTERCEPT=$ways SYSSHIM_STATS="$PWD/counters.%p" -- "$PWD/dispositions"
done
exit 0
