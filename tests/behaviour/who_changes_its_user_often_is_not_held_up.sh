#!/bin/bash
# A server that changes its user for each request (smbd): what a log of lines keeps in store for who has lost its rights is not made anew each time.
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >changes.c <<'C'
#define _GNU_SOURCE
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 4; i++)
		if (setresuid(-1, geteuid(), -1) || setresgid(-1, getegid(), -1))
			return 1;
	return 0;
}
C
cc -O1 -o changes changes.c || fail "it does not compile"
strace -o calls -E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS=off -E SYSSHIM_LOG="$PWD/log" ./changes || fail "status $?"
[ "$(grep -c 'setres[ug]id' log)" = 8 ] || fail "$(grep -c 'setres[ug]id' log) lines"
[ "$(grep -c '^process_vm_writev' calls)" -le 200 ] || fail "$(grep -c '^process_vm_writev' calls) copies into the log"
[ "$(grep -c '^$' log)" = 0 ] || fail "$(grep -c '^$' log) empty lines at the end"
