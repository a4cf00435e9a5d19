#!/bin/bash
# -p PID: what a vfork child does until its exec stands in its parent's file, and is the child's all the same.
set -u
. "$SRC/tests/lib/lib.sh"

cat >parent.c <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void *work(void *unused)
{
	access("/of/thread", F_OK);
	return unused;
}

int main(void)
{
	char *true_[] = {"true", NULL};
	pthread_t thread;
	pid_t child = vfork();

	if (!child) {
		access("/of/child", F_OK);
		execv("/bin/true", true_);
		_exit(1);
	}
	printf("parent=%d child=%d\n", getpid(), child);
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	access("/of/parent", F_OK);
	return wait(NULL) != child;
}
C
gcc -O1 -w -pthread -o parent parent.c || fail "no program"
shimmed SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./parent >out || fail "status $?"
. ./out

# shown COMMAND...: the names that a command shows, in one line
shown() {
	"$SYSSHIM" "$@" recording 2>/dev/null | grep -o '/of/[a-z]*\|/bin/true' | sort -u | tr '\n' ' '
}

for words in "trace" "trace --json" "files --all --not=*/lib/*"; do
	# shellcheck disable=SC2086
	[ "$(shown $words -p "$parent")" = "/of/parent /of/thread " ] || fail "$words -p parent: $(shown $words -p "$parent")"
	# shellcheck disable=SC2086
	[ "$(shown $words -p "$child")" = "/bin/true /of/child " ] || fail "$words -p child: $(shown $words -p "$child")"
done
for process in "$parent 2" "$child 1"; do
	"$SYSSHIM" stat --json -p "${process% *}" recording 2>/dev/null | grep -q "\"access\":{\"calls\":${process#* }," || fail "stat -p $process"
done
