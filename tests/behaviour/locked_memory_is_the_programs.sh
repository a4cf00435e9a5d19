#!/bin/bash
# mlockall(MCL_CURRENT) counts what is mapped, whether it takes memory or not: under 8 MiB, which Linux gives every user, it fails where a recording's window is 64 MiB, a text log's 1 GiB. A small program
# may lock its memory as natively, also after a fork, and what it does then is recorded, over its oldest records. Who may lock what he likes (CAP_IPC_LOCK) keeps the window; who is root in a user namespace
# of his own has that capability, and may not.
set -u
. "$SRC/tests/lib/lib.sh"

cat >locks.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void work(int calls)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
		perror("mlockall");
		exit(1);
	}
	for (int i = 0; i < calls; i++)
		lseek(0, 0, SEEK_CUR);
	access("/the/last/call", F_OK);
}
int main(int argc, char **argv)
{
	int status = 0, calls = atoi(argv[argc - 1]);

	for (int i = 0; i < atoi(argv[argc - 2]); i++)
		lseek(0, 0, SEEK_CUR);
	if (fork() == 0) {
		work(calls);
		_exit(0);
	}
	wait(&status);
	work(calls);
	return status != 0;
}
C
cc -O1 -o locks locks.c || fail "no compiler"
may_not=
[ "$(id -u)" -ne 0 ] || may_not="setpriv --bounding-set=-ipc_lock"
limited="prlimit --memlock=8388608:8388608 $may_not"
$limited ./locks 10 3000 2>native || skip "natively no memory can be locked: $(cat native)"

for kind in binary text json; do
	mkdir $kind
	path=$PWD/$kind/log.%p
	[ $kind != binary ] || path=$PWD/$kind
	shimmed SYSSHIM_LOG="$path" SYSSHIM_LOG_FORMAT=$kind SYSSHIM_STATS="$PWD/stats.$kind" $limited ./locks 10 3000 >out 2>&1 || fail "$kind: $(cat out)"
	if [ $kind = binary ]; then
		"$SYSSHIM" trace $kind >seen 2>&1
	else
		cat $kind/* >seen
	fi
	[ "$(grep -c /the/last/call seen)" -eq 2 ] || fail "$kind: the last calls are not there: $(tail -3 seen)"
done

# What is there already stays.
shimmed SYSSHIM_LOG="$PWD/long" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off $limited ./locks 60000 3000 >out 2>&1 || fail "after 60,000 calls: $(cat out)"
[ "$("$SYSSHIM" trace -e trace=lseek long 2>/dev/null | grep -c lseek)" -ge 60000 ] || fail "records of before are gone: $("$SYSSHIM" trace long 2>&1 | tail -1)"

if unshare -Ur prlimit --memlock=8388608:8388608 ./locks 10 3000 2>/dev/null; then
	shimmed SYSSHIM_LOG="$PWD/own" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off unshare -Ur prlimit --memlock=8388608:8388608 ./locks 10 3000 >out 2>&1 || fail "in a user namespace: $(cat out)"
fi

if [ -n "$may_not" ]; then
	shimmed SYSSHIM_LOG="$PWD/may" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off prlimit --memlock=8388608:8388608 ./locks 10 60000 >out 2>&1 || fail "with the capability: $(cat out)"
	[ "$("$SYSSHIM" trace -e trace=lseek may 2>/dev/null | grep -c lseek)" -ge 120010 ] || fail "with the capability records are gone: $("$SYSSHIM" trace may 2>&1 | tail -1)"
fi
exit 0
