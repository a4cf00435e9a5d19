#!/bin/bash
# SYSSHIM_TIMING=off: no duration in the log, none in the counters, no column for it in the table. What is called is the same.
set -u
. "$SRC/tests/lib/lib.sh"

for timing in on off; do
	shimmed SYSSHIM_TIMING=$timing SYSSHIM_LOG="$PWD/log.$timing" SYSSHIM_STATS="$PWD/stats.$timing" SYSSHIM_STATS_FORMAT=json \
		cat "$SRC/NEWS" >out || fail "$timing: cat fails"
	cmp -s out "$SRC/NEWS" || fail "$timing: the output differs"
	shimmed SYSSHIM_TIMING=$timing cat /dev/null 2>"table.$timing"
	sed -n 's/^[0-9]* [0-9.]* \([a-z0-9_]*\)(.*/\1/p' "log.$timing" >"names.$timing"
done
[ -s names.on ] && cmp names.on names.off || fail "the calls differ"
grep -qE '= [0-9]+ <[0-9]+\.[0-9]{6}>$' log.on || fail "on: no duration in the log: $(head -n 3 log.on)"
grep -E '<[0-9]+\.[0-9]+>$' log.off && fail "off: a duration in the log"
python3 - <<'PYTHON' || fail "the counters' times are wrong: $(cat stats.on stats.off)"
import json
on, off = (json.loads(open("stats." + name).read())["calls"] for name in ("on", "off"))
assert sum(call["nanoseconds"] for call in on.values()) > 0, on
assert all(call["nanoseconds"] == 0 for call in off.values()), off
assert {name: call["calls"] for name, call in on.items()} == {name: call["calls"] for name, call in off.items()}
PYTHON
grep -q 'calls  errors      bytes     total      each  call' table.on || fail "on: $(head -n 2 table.on)"
grep -qE 'calls +errors +bytes +call$' table.off && ! grep -qE ' (ns|us|ms) ' table.off || fail "off: $(head -n 4 table.off)"

# An audit has no times: none is made up of its zeros, and rows stand in the order of their calls.
"$SYSSHIM" run -q --record=audit -e trace=audit -- cat "$SRC/NEWS" "$SRC/README.md" nowhere >/dev/null 2>&1
"$SYSSHIM" stat audit | sed -n '3,/^---/p' | grep -v '^---' >rows
[ "$(wc -l <rows)" -ge 3 ] && ! awk '$4 != "-" || $5 != "-" || $6 != "-"' rows | grep . || fail "times of an audit: $(cat rows)"
awk '{ print $7 }' rows | sort -rnc || fail "the order: $(cat rows)"
# what does not come back has none either
"$SYSSHIM" run -q --record=all -- cat "$SRC/NEWS" >/dev/null
"$SYSSHIM" stat all | grep -qE ' - +- +- +1 +exit_group$' || fail "$("$SYSSHIM" stat all | grep exit_group)"
exit 0
