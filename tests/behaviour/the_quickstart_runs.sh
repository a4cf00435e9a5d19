#!/bin/bash
# examples/quickstart.sh ends with 0 twice in a row, shows opened files, the counters and the same output, has nothing to say on stderr and
# leaves nothing behind. It neither installs nor builds here: the tree is being tested.
set -u
. "$SRC/tests/lib/lib.sh"

command -v git >/dev/null || skip "no git"
for round in 1 2; do
	# settings that somebody has in the environment must not show in it
	SYSSHIM_TEST_NO_BUILD=1 SYSSHIM_STATS=off SYSSHIM_TRACE=none SYSSHIM_TIMING=off sh "$SRC/examples/quickstart.sh" >out.$round 2>err ||
		fail "round $round: status $?: $(cat err)"
	[ ! -s err ] || fail "round $round: something is on stderr: $(cat err)"
	[ "$(grep -c 'its output is the same with and without the shim' out.$round)" -eq 3 ] || fail "round $round: not three comparisons: $(cat out.$round)"
	grep -qE '^  list +ok +\.$' out.$round || fail "round $round: ls opens no folder: $(cat out.$round)"
	grep -qE '^  read.*ok +(.*/)?\.git/' out.$round || fail "round $round: git opens no file: $(cat out.$round)"
	grep -qE '^ +2000 +0 .* write$' out.$round || fail "round $round: no row of 2000 writes: $(cat out.$round)"
	grep -qE '^ +- +0 +[0-9]+ ENOENT +/' out.$round && grep -qE '^ +[0-9]+ [0-9.]+ [a-z0-9]+\(.* = -1 E' out.$round && grep -qE ' usecs/call .* syscall$' out.$round ||
		fail "round $round: the recording does not answer: $(cat out.$round)"
	grep -q $'\033' out.$round && fail "round $round: colours in a file"
	ls "${TMPDIR:-/tmp}" | grep sysshim-quickstart && fail "round $round: a folder is left"
done

# where it cannot work it says so and fails
SYSSHIM_TEST_NO_BUILD=1 SHIM=$PWD/nowhere.so sh "$SRC/examples/quickstart.sh" >out 2>err
[ $? -eq 1 ] && grep -q 'nowhere.so is missing' err || fail "without a library: $(cat err)"

# and it knows a program that does not behave the same: a shared object that adds a line to what it prints
cc -shared -fPIC -o wrong.so -x c - <<'C_' || fail "cc does not compile"
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void print(void)
{
	FILE *log = getenv("SYSSHIM_LOG") ? fopen(getenv("SYSSHIM_LOG"), "w") : NULL;
	if (log)
		fputs("1 1.0 exit_group(0) = ?\n", log);
	puts("one line more");
}
C_
SYSSHIM_TEST_NO_BUILD=1 SHIM=$PWD/wrong.so sh "$SRC/examples/quickstart.sh" >out 2>err
[ $? -eq 1 ] && grep -q 'ls does not behave the same' err || fail "a difference is not seen: $(cat out err)"
exit 0
