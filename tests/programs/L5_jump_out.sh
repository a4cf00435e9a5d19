#!/bin/bash
# A handler that makes calls of its own and jumps out of a call whose record is just being made, at each place where that can be: all that is recorded behind it is read.
set -u
. "$SRC/tests/lib/lib.sh"

command -v gdb >/dev/null || skip "no gdb"
# a function of the shim, so many instructions in it, what the program does
for where in 'room_take_before 0' 'pieces_take 0' 'room_return 0' 'room_commit 0' 'plain_begin 0 plain' 'plain_begin 40 plain' 'plain_begin 70 plain' 'plain_end 0 plain' \
	'plain_end 20 plain' 'plain_call 0 plain' 'plain_call 40 plain' 'plain_call 80 plain'; do
	read -r place steps what <<<"$where"
	rm -rf recording
	gdb -nx -batch -ex 'set confirm off' -ex "set environment LD_PRELOAD=$SHIM" -ex 'set environment SYSSHIM_STATS=off' -ex "set environment SYSSHIM_LOG=$PWD/recording" \
		-ex 'set environment SYSSHIM_LOG_FORMAT=binary' -ex 'set startup-with-shell off' -ex 'handle SIGUSR1 nostop noprint pass' -ex 'break about_to_rename' -ex run \
		-ex "tbreak $place" -ex continue -ex "stepi $steps" -ex 'signal SIGUSR1' --args "$PROGRAM" $what >out 2>&1 </dev/null
	grep -q "$place" out || skip "gdb cannot run programs here, or does not know $place: $(tail -n 1 out)"
	grep -q '^end$' out || fail "$place: the program does not come to its end: $(tail -n 5 out)"
	"$SYSSHIM" trace recording >trace.out 2>trace.err || fail "$place: the recording is damaged: $(cat trace.err)"
	[ "$(grep -c 'rename("/nobody/later"' trace.out)" -eq 20 ] && grep -q 'rename("/nobody/handler"' trace.out ||
		fail "$place: $(grep -c 'rename("/nobody/later"' trace.out) of 20 calls behind it are there: $(tail -n 3 trace.out)"
done
exit 0
