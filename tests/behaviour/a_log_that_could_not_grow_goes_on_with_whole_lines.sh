#!/bin/bash
# A log of lines that meets a limit loses lines, which are counted. What it ends with may be a half one, a call that was waited for: where there is room again the next line begins on a line of its own.
set -u
. "$SRC/tests/lib/lib.sh"

cat >limited.py <<'P'
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (60000 + int(sys.argv[1]), 600000))
for i in range(1200):
    try:
        os.open("/" + "x" * (i % 97), os.O_RDONLY)
    except OSError:
        pass
    if i % 10 == 0:
        os.read(zero, 1) if i else (zero := os.open("/dev/zero", os.O_RDONLY))
    if i == 1000:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600000, 600000))
P
lost=0
for more in 0 21 42 63 84 105 126 147; do
	rm -f log stats
	shimmed SYSSHIM_LOG="$PWD/log" SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json python3 -S limited.py $more || fail "status $?"
	grep -q '"log_lines_dropped":0,' stats || lost=$((lost + 1))
	pid=$(head -n 1 log | cut -d ' ' -f 1)
	grep -E "^$pid .*$pid [0-9]{10}\.[0-9]{6} " log >joined
	[ ! -s joined ] || fail "two lines in one: $(head -n 2 joined)"
	tail -n 1 log | grep -q 'exited with 0' || fail "it has no last line: $(tail -n 1 log)"
done
[ $lost -gt 0 ] || fail "no line was lost: this tests nothing"
exit 0
