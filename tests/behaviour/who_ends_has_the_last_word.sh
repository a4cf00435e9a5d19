#!/bin/bash
# A thread ends the process while an exec of another one fails: the recording and the summary say how it ended, and not that it runs or has executed something.
set -u
. "$SRC/tests/lib/lib.sh"

cat >ends.c <<'C_'
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

static void *fails(void *unused)
{
	(void)unused;
	for (;;)
		execve("./no_program", (char *[]){"no_program", NULL}, environ);
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, fails, NULL);
	usleep(2000 + getpid() % 1000);
	_exit(3);
}
C_
cc -O1 -w -pthread -o ends ends.c || fail "cc does not compile"
printf '\1\2\3\4\n' >no_program
chmod +x no_program
for turn in $(seq 60); do
	rm -rf record stats
	shimmed SYSSHIM_LOG="$PWD/record" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS="$PWD/stats" ./ends
	[ $? = 3 ] || fail "another status"
	"$SYSSHIM" show record 2>/dev/null | grep -q 'exited with 3' || fail "turn $turn: $("$SYSSHIM" show record)"
done
exit 0
