#!/bin/bash
# Calls that make processes and threads are counted, logged with their result, and their failures are errors: also those that are made
# where they stand (vfork, clone and clone3 with shared memory, and all of them through syscall()).
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C_'
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void *nothing(void *argument)
{
	return argument;
}
int main(void)
{
	pthread_t thread;
	if (system("exit 3") != 3 << 8)
		return 1;
	pid_t child = vfork();
	if (child == 0)
		_exit(4);
	waitpid(child, NULL, 0);
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	/* refused by the kernel: a thread needs shared signal handlers */
	if (syscall(SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, 0, 0) != -1)
		return 2;
	if (fork() == 0)
		_exit(5);
	wait(NULL);
	return 0;
}
C_
cc -pthread -o program program.c || fail "cc does not compile"
shimmed SYSSHIM_LOG="$PWD/log" SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json SYSSHIM_FOLLOW=off ./program || fail "it fails: $?"
# system, vfork, a thread, the refusal, fork
for line in 'clone3?\(.*\) = [0-9]+' 'vfork\(\) = [0-9]+' 'clone\(CLONE_VM\|CLONE_THREAD.*\) = -1 EINVAL' 'clone\(.*SIGCHLD.*\) = [0-9]+'; do
	grep -qE " $line" log || fail "not in the log: $line: $(grep -E 'clone|fork' log)"
done
[ "$(grep -cE ' (vfork|fork|clone3?)\(.*\) = ' log)" -eq 5 ] || fail "not five lines: $(grep -E 'clone|fork' log)"
python3 - <<'PYTHON' || fail "the counters are wrong: $(cat stats)"
import json
row = json.loads(open("stats").readline())
made = [row["calls"][name] for name in ("fork", "vfork", "clone", "clone3") if name in row["calls"]]
assert sum(call["calls"] for call in made) == 5 and sum(call["errors"] for call in made) == 1, made
# system's, vfork's and fork's children; a thread is none
assert row["coverage"]["forks"] == 3, row["coverage"]
PYTHON
exit 0
