#!/bin/bash
# The log's file system is full before the log begins, or becomes full: the program is not told, neither by a signal (SIGBUS from a
# mapping without blocks) nor on stderr by more than one line, and the summary counts what was dropped.
set -u
. "$SRC/tests/lib/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && as=-m || as=-Urm
	unshare $as true 2>/dev/null || skip "no private mount namespace here (unshare $as)"
	exec unshare $as bash "$0" inside
fi
mkdir small
mount -t tmpfs -o size=64k none small 2>/dev/null || skip "no tmpfs can be mounted here"
"$PROGRAM" >native.out 2>native.err
[ $? -eq 6 ] || fail "it fails natively"

# run NAME: with its log in the small file system
run() {
	local name=$1
	shimmed SYSSHIM_LOG="$PWD/small/log.%p" SYSSHIM_STATS="$PWD/$name.%p.json" SYSSHIM_STATS_FORMAT=json "$PROGRAM" \
		>"$name.out" 2>"$name.err"
	local status=$?
	[ $status -eq 6 ] || fail "$name: status $status: $(cat "$name.err")"
	cmp native.out "$name.out" || fail "$name: stdout differs"
	grep -v '^sysshim' "$name.err" | cmp native.err - || fail "$name: stderr differs: $(cat "$name.err")"
	[ "$(grep -c '^sysshim' "$name.err")" -le 1 ] || fail "$name: more than one line on stderr: $(cat "$name.err")"
}

# dropped NAME LEAST: the summary of the process that made the calls
dropped() {
	python3 - "$2" "$1".*.json <<'PYTHON' || fail "$1: what was dropped is not counted: $(cat "$1".*.json)"
import json, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name)]
work = max(rows, key=lambda row: row["calls"].get("write", {}).get("calls", 0))
assert work["calls"]["write"]["calls"] >= 5000, work["calls"]
assert work["coverage"]["log_lines_dropped"] >= int(sys.argv[1]), work["coverage"]
PYTHON
}

run becomes_full
# 15,000 lines of more than 40 bytes do not fit in 64 KiB
dropped becomes_full 12000
[ "$(cat small/log.* | grep -c 'openat(AT_FDCWD, "/dev/null"')" -gt 50 ] || fail "the log's beginning is lost too"

rm -f small/*
head -c 1000000 /dev/zero >small/filler 2>/dev/null
[ "$(df --output=avail small | tail -n 1)" -eq 0 ] || fail "the file system is not full"
run full
# either it could not be opened, which is said, or its lines are counted
grep -q '^sysshim.*SYSSHIM_LOG' full.err || dropped full 15000
exit 0
