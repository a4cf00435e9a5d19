#!/bin/bash
# Under a filter of the program's own nothing is copied to where full chunks stay, and nobody could shorten the file: it gets no hole for them.
set -u
. "$SRC/tests/lib/lib.sh"

cat >filters.c <<'C'
#include <stddef.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	for (int i = 0; i < 50; i++)
		access("/nowhere", F_OK);
	return 0;
}
C
cc -O1 -o filters filters.c || fail "it does not compile"
shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./filters
status=$?
[ $status -eq 77 ] && skip "no filter can be installed here"
[ $status -eq 0 ] || fail "status $status"
[ "$("$SYSSHIM" trace recording 2>/dev/null | grep -c '"/nowhere"')" -eq 50 ] || fail "calls are missing"
size=$(stat -c %s recording/*.rec)
[ "$size" -le 200000 ] || fail "a hole is left: $size bytes"
exit 0
