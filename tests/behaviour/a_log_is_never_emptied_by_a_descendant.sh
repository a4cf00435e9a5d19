#!/bin/bash
# Where we do not see who came of whom (a static program in between, a filter of the program's own, a number that comes again in a pid namespace) a log and
# counters lose nothing: nobody empties a file, or writes over it, that a process of the same family has written.
set -u
. "$SRC/tests/lib/lib.sh"

cat >between.c <<'C'
#include <unistd.h>

int main(int count, char **arguments)
{
	return count > 1 ? execv(arguments[1], arguments + 1) : 2;
}
C
gcc -O1 -static -o between between.c || fail "no static program"
cat >sealed.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, all};

	access("/marked/1", F_OK);
	access("/marked/2", F_OK);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return 9;
	if (count > 1) {
		if (!fork())
			execl("/bin/ls", "ls", "/marked/3", (char *)0);
		wait(NULL);
		return access("/marked/4", F_OK) && 0;
	}
	return execl("/bin/ls", "ls", "/marked/3", (char *)0);
}
C
gcc -O1 -o sealed sealed.c || fail "no program"

# whole NAME MARKS: so many different marks are in the files NAME*, and every line is one of a log
whole() {
	local found
	found=$(cat "$1"* | grep -ao '/marked/[0-9]*' | sort -u | wc -l)
	[ "$found" -eq "$2" ] || fail "$1: $found of $2 marks in $(ls "$1"*)"
	[ "$(cat "$1"* | grep -avcE '^[0-9]+ [0-9]+\.[0-9]+ .|^$')" -eq 0 ] || fail "$1: $(cat "$1"* | grep -avE '^[0-9]+ [0-9]+\.[0-9]+ .|^$' | head -n 2)"
}
logged() {
	local name=$1
	shift
	env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$name" "$@" >out 2>&1
}
echo old >static && logged static sh -c 'test -e /marked/1; ./between /bin/ls /marked/2; test -e /marked/3; ./between /bin/ls /marked/4; :'
whole static 4
logged exec ./sealed && whole exec 3
logged exec ./sealed && whole exec 3
# under a filter paths are not read: of the child its end tells
logged fork ./sealed x && whole fork 2
grep -q '+++ exited with 2 +++' fork.* || fail "nothing of the child is there"
[ "$(grep -c '/marked/1' fork)" -eq 1 ] || fail "an earlier run's log is not emptied"
env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS="$PWD/counters" SYSSHIM_STATS_FORMAT=json sh -c './between /bin/ls / >/dev/null; :'
for program in sh ls; do
	[ "$(cat counters* | grep -c "\"program\":\"$program\"")" -eq 1 ] || fail "counters of $program: $(cat counters* | cut -c1-100)"
done
# the first run is one that still goes on
echo old >live
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/live" bash -c 'test -e /marked/1; read line; test -e /marked/2' < <(sleep 2) &
sleep 1
logged live bash -c 'test -e /marked/3; :'
wait
whole live 3

# its first line is a thread's that has ended
cat >threaded.c <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *opens(void *unused)
{
	char path[32];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof path, "/marked/%d", i);
		open(path, O_RDONLY);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, opens, NULL);
	pthread_join(thread, NULL);
	open("/marked/100", O_RDONLY);
	usleep(1500000);
	return open("/marked/101", O_RDONLY) >= 0;
}
C
gcc -O1 -pthread -o threaded threaded.c || fail "no program"
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/of_a_thread" SYSSHIM_TRACE=openat,clock_nanosleep ./threaded &
sleep 1
logged of_a_thread bash -c ': </marked/102'
wait
whole of_a_thread 103

unshare -pf --mount-proc true 2>/dev/null || skip "no pid namespaces here; the rest has passed"
logged again unshare -pf --mount-proc bash -c 'for i in 1 2 3 4 5 6; do echo 100 >/proc/sys/kernel/ns_last_pid; cat /marked/$i; :; done'
whole again 6
logged beside sh -c 'for n in 1 2 3 4; do unshare -pf sh -c "for i in 1 2 3 4 5; do cat /marked/$n\$i; done; :" & done; wait'
whole beside 20
