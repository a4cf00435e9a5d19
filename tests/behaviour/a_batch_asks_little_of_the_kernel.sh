#!/bin/bash
# Where each batch is ended by a call that a signal may interrupt, the timer is started and stopped for each: beside that signals are blocked once in front of it and once behind, four calls.
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >batches.c <<'C'
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	struct stat status;

	for (int i = 0; i < 200; i++) {
		for (int line = 0; line < 100; line++)
			if (write(1, "0123456789abcdef\n", 17) != 17)
				return 1;
		if (stat("/", &status))
			return 2;
	}
	return 0;
}
C
cc -O1 -o batches batches.c || fail "does not compile"
strace -o calls -E LD_PRELOAD="$SHIM" -E SYSSHIM_LOG=off -E SYSSHIM_STATS=off ./batches >out || fail "status $?"
[ "$(wc -c <out)" = 340000 ] || fail "$(wc -c <out) bytes"
[ "$(grep -c timer_settime calls)" -ge 200 ] || skip "nothing is gathered here, or no timer runs"
count=$(grep -c rt_sigprocmask calls)
[ "$count" -le 900 ] || fail "$count calls of rt_sigprocmask for 200 batches"
exit 0
