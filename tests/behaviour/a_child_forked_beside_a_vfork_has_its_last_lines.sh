#!/bin/bash
# While a vfork child borrows the memory signals are at their defaults. A child that another thread forks just then is caught all the same when a signal
# kills it: its last lines and what killed it are in the log.
set -u
. "$SRC/tests/lib/lib.sh"

cat >beside.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between vfork and exec it opens a FIFO, and waits there. */
static void *spawns(void *unused)
{
	char *arguments[] = {"true", NULL}, *environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "fifo", O_RDONLY, 0);
	if (!posix_spawn(&child, "/bin/true", &actions, NULL, arguments, environment))
		waitpid(child, NULL, 0);
	return unused;
}

int main(void)
{
	pthread_t thread;
	int status;

	pthread_create(&thread, NULL, spawns, NULL);
	usleep(300000);
	pid_t child = fork();
	if (!child) {
		for (int i = 0; i < 5; i++)
			access("/last/line", F_OK);
		kill(getpid(), SIGTERM);
		pause();
	}
	waitpid(child, &status, 0);
	close(open("fifo", O_WRONLY));
	pthread_join(thread, NULL);
	return !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM;
}
C
gcc -O1 -pthread -o beside beside.c || fail "no program"
mkfifo fifo
timeout 20 env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/log.%p" ./beside || fail "status $?"
[ "$(cat log.* | grep -c '/last/line')" -eq 5 ] || fail "of 5 lines $(cat log.* | grep -c '/last/line') are there"
grep -q 'killed by SIGTERM' log.* || fail "what killed it is not said"
