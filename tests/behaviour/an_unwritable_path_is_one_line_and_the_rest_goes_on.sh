#!/bin/bash
# A log or a counters file that cannot be: one line with the variable, the path, the reason and what would do. What else was asked for is
# still done. (More places for a log: tests/programs/L1_log_places.sh.)
set -u
. "$SRC/tests/lib/lib.sh"

mkdir folder
mkfifo fifo
ln -s nowhere link
echo precious >target

# refused VARIABLE PATH REASON: the other one of SYSSHIM_LOG and SYSSHIM_STATS is written
refused() {
	local variable=$1 path=$2 reason=$3 other=SYSSHIM_STATS
	[ "$variable" = SYSSHIM_LOG ] || other=SYSSHIM_LOG
	timeout 20 env LD_PRELOAD="$SHIM" "$variable=$path" $other="$PWD/other" sh -c 'echo out; exit 7' >out 2>err
	[ $? -eq 7 ] && [ "$(cat out)" = out ] || fail "$variable=$path: the program does not run as natively"
	[ "$(wc -l <err)" -eq 1 ] || fail "$variable=$path: not one line: $(cat err)"
	grep "^sysshim: $variable=" err | grep -F -- "$path" | grep -E "$reason" | grep -q 'a path in a folder.* off' ||
		fail "$variable=$path: the line does not say it all: $(cat err)"
	grep -q 'write' other || fail "$variable=$path: $other is not written"
	rm other
}

for variable in SYSSHIM_LOG SYSSHIM_STATS; do
	refused $variable "$PWD/no/such/folder/file" 'No such file or directory'
	refused $variable no/such/folder/file 'No such file or directory'
	refused $variable "$PWD/folder" 'Is a directory'
	refused $variable "$PWD/fifo" 'not a regular file'
	refused $variable /dev/null 'not a regular file'
	refused $variable "$PWD/link" 'symbolic link'
	refused $variable "$PWD/target/file" 'Not a directory'
done
[ "$(cat target)" = precious ] && [ ! -e nowhere ] || fail "a file was touched"

# the rest of this test only
need_strace
for error in EINVAL ENODEV; do
	strace -f -o /dev/null -P "$PWD/unmapped" -e inject=mmap:error=$error env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS="$PWD/unmapped" \
		sh -c 'exit 7' 2>err
	[ $? -eq 7 ] && grep -q "^sysshim: SYSSHIM_STATS=.*/unmapped: its file system has no shared mappings for writing; a path in" err && [ "$(wc -l <err)" -eq 1 ] ||
		fail "a file system that maps no files ($error): $(cat err)"
	rm -f unmapped
done
exit 0
