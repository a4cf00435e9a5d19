#!/bin/bash
# Another preload that wraps write, or write, send and writev, behind us or in front of us, sees every call of the program by these names, no more
# and no less than without us: what is written is what it made of it. And each call is counted once.
set -u
. "$SRC/tests/lib/lib.sh"

source=$SRC/tests/programs/P14_preload_behind.c
cc -O1 -fPIC -shared -fno-builtin -DLIBRARY -o write.so "$source" && cc -O1 -fPIC -shared -fno-builtin -DLIBRARY -DSENDS -o all.so "$source" ||
	fail "the library does not compile"
here=$PWD

# run NAME LIST COMMAND...: @ in the list stands for the shim; files in NAME, outputs beside it
run() {
	local name=$1 list=$2
	shift 2
	rm -rf "$name"
	mkdir "$name"
	(cd "$name" && timeout 20 env LD_PRELOAD="${list//@/$SHIM}" "$@" >"../$name.out" 2>"../$name.err" </dev/null)
	echo $? >"$name.status"
}

for library in write.so all.so; do
	run native "$here/$library" "$PROGRAM"
	[ "$(cat native.status)" = 0 ] && grep -q '^seen: ' native.out || fail "it fails natively: $(cat native.err)"
	grep -q '^BY WRITE$' native/file && grep -q '^by syscall$' native/file || fail "natively $library does not do what it is for"
	for order in "@ $here/$library" "$here/$library @"; do
		for settings in SYSSHIM_STATS="$here/stats.%p" "SYSSHIM_LOG=$here/log.%p SYSSHIM_STATS=$here/stats.%p" \
			"SYSSHIM_INTERCEPT=interpose SYSSHIM_STATS=$here/stats.%p" "SYSSHIM_BATCH=off SYSSHIM_STATS=$here/stats.%p" \
			"SYSSHIM_TIMING=off SYSSHIM_STATS=$here/stats.%p"; do
			rm -f stats.* log.*
			# shellcheck disable=SC2086
			run shim "$order" SYSSHIM_STATS_FORMAT=json $settings "$PROGRAM"
			name="$library, ${order/$here\//}, ${settings%%=*}"
			for part in status out err; do
				diff native.$part shim.$part >difference || fail "$name: $part: $(head -n 8 difference)"
			done
			diff -r native shim >difference || fail "$name: the files differ: $(head -n 8 difference)"
			python3 - "$library" "$settings" stats.* <<'PYTHON' || fail "$name: the counts are not right: $(cut -c1-300 stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[3:] for line in open(name)]
work = max(rows, key=lambda row: row["calls"]["write"]["calls"])["calls"]
calls = {name: row["calls"] for name, row in work.items()}
interposed = "interpose" in sys.argv[2]
# write 100 + 50 in the file, 100 by syscall(), 100 in the pipe and 100 in a socket; dprintf and stdio 100 each from inside libc; the rest
# are a few flushes of stdout
least = 350 + (100 if not interposed else 0)
assert least <= calls["write"] <= 700, calls
assert interposed or 650 <= calls["write"] <= 670, calls
assert calls["writev"] == 150 and calls["sendto"] == 200, calls
PYTHON
		done
	done
done

# commands of other people, with the library behind us
for command in 'seq 300' 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do echo "line $i"; done' \
	'printf "%s\n" one two three | tr a-z b-za'; do
	run native "$here/write.so" bash -c "$command"
	run shim "@ $here/write.so" SYSSHIM_STATS=off bash -c "$command"
	for part in status out err; do
		diff native.$part shim.$part || fail "$command: $part"
	done
done
exit 0
