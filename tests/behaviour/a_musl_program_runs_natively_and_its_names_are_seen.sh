#!/bin/bash
# Another libc: nothing is rewritten, the interposed names are counted and logged, and the summary says so. The program is as without us.
set -u
. "$SRC/tests/lib/lib.sh"

command -v musl-gcc >/dev/null || skip "no musl-gcc (package musl-tools)"
cat >program.c <<'C_'
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	int status, fd = open("file", O_WRONLY | O_CREAT, 0600);
	if (write(fd, "abc", 3) != 3 || close(fd) != 0 || open("nowhere", O_RDONLY) != -1)
		return 1;
	puts("stdio");
	fflush(stdout);
	if (fork() == 0)
		_exit(write(1, "child\n", 6) == 6 ? 5 : 6);
	wait(&status);
	printf("child %d\n", status >> 8);
	fprintf(stderr, "err\n");
	return 4;
}
C_
musl-gcc -o program program.c || fail "musl-gcc does not compile"
same_run run SYSSHIM_LOG="$PWD/log" -- "$PWD/program"
grep -q 'openat(AT_FDCWD, "file", O_WRONLY|O_CREAT, 0600) = 3\|open("file", O_WRONLY|O_CREAT, 0600) = 3' log || fail "the open is not in the log: $(cat log)"
grep -q 'ENOENT (No such file or directory)' log || fail "the open that fails is not in the log: $(cat log)"

shimmed SYSSHIM_STATS="$PWD/stats.json" SYSSHIM_STATS_FORMAT=json ./program >out 2>err
[ $? -eq 4 ] && [ "$(cat err)" = err ] || fail "with counters: $(cat err)"
python3 - <<'PYTHON' || fail "the counters are wrong: $(cat stats.json)"
import json
row = json.loads(open("stats.json").readline())
assert row["coverage"]["rewriting"] is False and "glibc" in row["coverage"]["why_not"], row["coverage"]
assert row["files"]["opened"] == 1 and row["files"]["failed"] == 1, row["files"]
assert row["calls"]["write"]["calls"] == 1 and row["calls"]["write"]["bytes"] == 3, row["calls"]
# its exit was not seen, so its status is not known
assert row["end"] == "exited", row["end"]
PYTHON
shimmed ./program 2>err >out
grep -q 'glibc.*calls inside libc are not seen' err || fail "the summary does not say what is not seen: $(cat err)"

shimmed SYSSHIM_TIMING=maybe ./program >out 2>err
[ $? -eq 4 ] && [ "$(grep -c '^sysshim: SYSSHIM_TIMING=maybe: ' err)" -eq 1 ] && [ "$(wc -l <err)" -eq 2 ] || fail "a wrong value: $(cat err)"
exit 0
