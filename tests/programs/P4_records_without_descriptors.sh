#!/bin/bash
# The record of a program that closes every descriptor is complete all the same, and one that is born with hardly any descriptor left is
# observed: each file of ours is opened, mapped and closed before the next.
set -u
. "$SRC/tests/lib/lib.sh"

cc -O1 -o program "$SRC/tests/programs/P4_close_all.c" || fail "it does not compile"
command -v strace >/dev/null && strace -f -c -o strace.probe true 2>/dev/null && oracle=yes

SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/log.%p" SYSSHIM_TRACE=%desc,%process LD_PRELOAD="$SHIM" \
	./program >out 2>err
[ $? -eq 3 ] && grep -q '^done: 0$' out || fail "it fails: $(cat out err)"
[ "${oracle:-}" ] && { strace -o traced -e trace=write,close,dup2 ./program >/dev/null 2>&1; [ -s traced ] || oracle=; }
python3 - stats.* ${oracle:+traced} <<'PYTHON' || fail "the summary or the log is not complete: $(cat stats.*)"
import glob, json, re, sys
rows = [json.loads(line) for name in sys.argv[1:] if name.startswith("stats.") for line in open(name)]
# its child is born with every number taken: there is no room for a file of its own, but the parent has counted it
assert len(rows) == 1 and rows[0]["coverage"]["forks"] == 1, rows
work = rows[0]
calls = {name: row["calls"] for name, row in work["calls"].items()}
assert work["end"] == "exit status 3", work["end"]
assert work["coverage"]["log_lines_dropped"] == 0, work["coverage"]
# 1,022 by the loop, one for the report, one in the end
assert calls["dup2"] == 1024, calls["dup2"]
assert calls["write"] >= 1023 and calls["close"] >= 1020, calls
if "traced" in sys.argv:
    traced = open("traced").read()
    for name in ("write", "dup2"):
        assert calls[name] == len(re.findall(rf"^{name}\(", traced, re.M)), (name, calls[name])
log = open(f"log.{work['pid']}").read()
assert len(re.findall(r" dup2\(", log)) == calls["dup2"], "dup2 in the log"
assert re.search(r" write\(900, .*\n(.*\n)*.* close\(900\) *= 0", log) and "+++ exited with 3 +++" in log, "the log's end is missing"
PYTHON

# the summary for stderr never lands in what stands in its place by then
mkdir native shim
(cd native && ../program >../native.out 2>../native.err)
(cd shim && LD_PRELOAD="$SHIM" ../program >../shim.out 2>../shim.err)
[ $? -eq 3 ] && cmp native.out shim.out && cmp native.err shim.err && diff -r native shim || fail "summary on stderr: $(cat shim.err shim/*)"

# born with few descriptors: ld.so itself needs one above the standard three
for descriptors in 4 5; do
	rm -f stats.* log.*
	(ulimit -n $descriptors && exec env LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_LOG="$PWD/log.%p" \
		SYSSHIM_STATS_FORMAT=json cat /etc/passwd) </dev/null >out 2>err
	[ $? -eq 0 ] && cmp out /etc/passwd && [ ! -s err ] || fail "$descriptors descriptors: $(cat err)"
	python3 - stats.* <<'PYTHON' || fail "$descriptors descriptors: not observed: $(cat stats.* err)"
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] for line in open(name)]
assert rows[-1]["program"] == "cat" and rows[-1]["coverage"]["rewriting"], rows
PYTHON
	grep -q 'openat(.*/etc/passwd' log.* || fail "$descriptors descriptors: nothing is in the log"
done
# all standard ones closed at birth: none of our files may stay in their place, nor anything be written to the program's
for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
	rm -f stats.* log.*
	script='import os; a = os.open("mine", os.O_RDWR | os.O_CREAT | os.O_TRUNC); b = os.open("mine.2", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
c = os.open("mine.3", os.O_RDWR | os.O_CREAT | os.O_TRUNC); os.write(a, b"a"); os.write(b, b"b"); os.write(c, b"%d" % (a * 100 + b * 10 + c))'
	for stats in stderr "$PWD/stats.%p"; do
		rm -f mine*
		bash -c "exec python3 -c '$script' $closed" 2>/dev/null
		cat mine mine.2 mine.3 >native.mine
		rm -f mine*
		bash -c "exec env LD_PRELOAD='$SHIM' SYSSHIM_STATS='$stats' SYSSHIM_LOG='$PWD/log.%p' python3 -c '$script' $closed" 2>/dev/null
		cat mine mine.2 mine.3 >shim.mine
		cmp native.mine shim.mine && [ -s native.mine ] || fail "$closed, summary to $stats: $(cat native.mine) natively, $(cat shim.mine) under the shim"
	done
	[ -s "$(ls stats.* | head -n 1)" ] || fail "$closed: no summary"
done
exit 0
