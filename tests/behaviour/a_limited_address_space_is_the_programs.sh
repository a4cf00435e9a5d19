#!/bin/bash
# RLIMIT_AS counts what is mapped, whether it takes memory or not, and a recording's window is 64 MiB, a text log's 1 GiB. A shell that limits itself, what it starts, and a program
# that is started under a limit run as natively, and their logs are there; a recording that outgrows its window goes on over its oldest records.
set -u
. "$SRC/tests/lib/lib.sh"

cat >most.c <<'C'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	int pieces = 0;

	while (malloc(1 << 20))
		pieces++;
	/* of the limit, in MiB, seven tenths are to be had */
	return argc < 2 || pieces < atoi(argv[1]) * 7 / 10;
}
C
cat >calls.c <<'C'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = atoi(argv[argc - 1]); i > 0; i--)
		lseek(0, 0, SEEK_CUR);
	return access("/the/last/call", F_OK) == 0;
}
C
cc -O0 -o most most.c && cc -O1 -o calls calls.c || fail "no compiler"
cat >limits.sh <<'SH'
x=$(seq 1 30000); echo ${#x}
ulimit -v $(($1 * 1024))
./most $1 || echo "less than seven tenths of $1 MiB"
x=$(seq 1 100000); y=$x$x; echo ${#x} ${#y}
./calls 10000 && ./most $1 || echo "less than seven tenths of $1 MiB"
exec ./most $1
SH

for megabytes in 40 100 1500; do
	bash limits.sh $megabytes >native 2>&1 || fail "natively: $megabytes MiB are too few: $(cat native)"
	for kind in binary text json; do
		mkdir "$kind.$megabytes"
		path=$PWD/$kind.$megabytes/log
		[ $kind != binary ] || path=$PWD/$kind.$megabytes
		shimmed SYSSHIM_LOG="$path" SYSSHIM_LOG_FORMAT=$kind SYSSHIM_STATS="$PWD/$kind.$megabytes/stats" bash limits.sh $megabytes >out 2>&1
		status=$?
		[ $status -eq 0 ] && diff native out &>differs || fail "$kind, $megabytes MiB: status $status: $(cat differs)"
		if [ $kind = binary ]; then
			"$SYSSHIM" files --all "$path" >seen 2>&1 || fail "the recording: $(tail -3 seen)"
		else
			cat "$path"* >seen
		fi
		grep -q /the/last/call seen || fail "$kind, $megabytes MiB: the last call is not there: $(tail -3 seen)"
	done
done

# limited from the start, and later, by a program whose records fill more than its window
"$SYSSHIM" stat --json binary.40 >seen || fail "stat: $(cat seen)"
(ulimit -v 40960 && shimmed SYSSHIM_LOG="$PWD/small" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./calls 80000) || fail "./calls fails"
size=$(du -k small/*.rec | awk '{ all += $1 } END { print all }')
[ "$size" -le 2700 ] || fail "the recording takes $size KiB"
"$SYSSHIM" trace small >seen 2>&1
grep -q /the/last/call seen && grep -q '^coverage: .*overwritten' seen || fail "the small recording: $(tail -2 seen)"

# where more is in use than it is limited to a child finds no room for a window: it has no recording, and was not killed
cat >below.c <<'C'
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	int status = 1;

	setrlimit(RLIMIT_AS, &(struct rlimit){4096, RLIM_INFINITY});
	if (fork() == 0)
		_exit(access("/the/child", F_OK) == 0);
	wait(&status);
	return status;
}
C
cc -O1 -o below below.c && ./below || fail "natively: ./below fails"
shimmed SYSSHIM_LOG="$PWD/below.rec" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./below >out 2>&1 || fail "./below: $(cat out)"
"$SYSSHIM" trace below.rec >seen 2>&1
grep -q '1 forked process that could make no recording' seen && ! grep -q killed seen || fail "below the limit: $(tail -2 seen)"
exit 0
