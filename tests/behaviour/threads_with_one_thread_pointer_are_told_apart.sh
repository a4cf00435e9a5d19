#!/bin/bash
# A thread by clone(2) that is given no thread pointer of its own (CLONE_SETTLS) has that of who made it: each of the two stands in the recording under its own number.
set -u
. "$SRC/tests/lib/lib.sh"

cat >two.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));
static volatile int turn;

static void look(const char *path, int mine)
{
	for (int i = 0; i < 3; i++) {
		while (turn != 2 * i + mine)
			sched_yield();
		open(path, O_RDONLY);
		turn++;
	}
}

static int second(void *unused)
{
	(void)unused;
	look("/nowhere/second", 1);
	return 0;
}

int main(void)
{
	int thread;

	alarm(100);
	if (clone(second, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID, NULL, &thread) < 0)
		return 1;
	look("/nowhere/first", 0);
	while (turn != 6)
		sched_yield();
	printf("%d /nowhere/first\n%d /nowhere/second\n", (int)getpid(), thread);
	return 0;
}
C_
cc -O1 -w -o two two.c || fail "cc does not compile"
for how in all audit; do
	"$SYSSHIM" run -q -e trace=$how --record="$PWD/$how" -- ./two >out || fail "$how: status $?"
	"$SYSSHIM" trace -e trace=openat "$how" 2>/dev/null | sed -n 's|^\([0-9]*\) .*"\(/nowhere/[a-z]*\)".*|\1 \2|p' | sort -u | sort -k 2 >seen
	cmp -s out seen || fail "$how: not $(cat out) but $(cat seen)"
done
exit 0
