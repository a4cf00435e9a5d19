#!/bin/bash
# gdb attached to a process that waits in a system call names libc's function and the program's own frames down to main, and those of
# another thread; the process goes on afterwards.
set -u
. "$SRC/tests/lib/lib.sh"

command -v gdb >/dev/null || skip "no gdb"

child=
trap '[ -n "$child" ] && kill $child 2>/dev/null' EXIT
look() {
	local name=$1 i
	shift
	env "$@" "$PROGRAM" >"$name.out" 2>"$name.err" &
	child=$!
	for ((i = 0; i < 100; i++)); do
		grep -q waiting "$name.out" && break
		sleep 0.02
	done
	sleep 0.1
	gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'thread apply all bt' -p $child >"$name.bt" 2>"$name.gdb"
	kill -0 $child || fail "$name: the program is gone"
	kill -TERM $child
	wait $child
	[ $? -eq 143 ] || fail "$name: it did not die of SIGTERM"
	child=
	[ -s "$name.err" ] && fail "$name: stderr: $(cat "$name.err")"
}

# names THREAD FILE: function names of that thread's frames (gdb numbers them; 1 is main's)
names() {
	sed -n "/^Thread $1 /,/^\$/p" "$2" | sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([^ ]+) .*/\2/p'
}

look native A=B
grep -q 'main (' native.bt || skip "gdb cannot attach here: $(tail -n 1 native.gdb)"
look shim LD_PRELOAD="$SHIM" SYSSHIM_STATS=off
look log LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/stats" SYSSHIM_LOG="$PWD/log"
for run in shim log; do
	for thread in 1 2; do
		names $thread native.bt >wanted
		[ "$(wc -l <wanted)" -ge 3 ] || fail "natively too few frames: $(cat native.bt)"
		names $thread $run.bt >got
		python3 -c '
import sys
wanted, got = (open(name).read().split() for name in ("wanted", "got"))
rest = iter(got)
missing = [name for name in wanted if name not in rest]
sys.exit(f"missing or out of order: {missing} in {got}" if missing or len(got) > len(wanted) + 6 else 0)' ||
			fail "$run, thread $thread: $(cat $run.bt)"
	done
done
