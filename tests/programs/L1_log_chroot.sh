#!/bin/bash
# A program that changes its root keeps its log and its counters, where they were, and nothing appears in the new root.
set -u
. "$SRC/tests/lib/lib.sh"

PROGRAM=$PWD/program
cc -O1 -o "$PROGRAM" "$SRC/tests/programs/L1_log_places.c" || fail "it does not compile"
mkdir native.root shim.root log
"$PROGRAM" chroot native.root >native.out 2>native.err
status=$?
[ $status -eq 77 ] && skip "no chroot here: $(tail -n 1 native.err)"
[ $status -eq 0 ] || fail "it fails natively: $(cat native.err)"
shimmed SYSSHIM_LOG="$PWD/log/log.%p" SYSSHIM_STATS="$PWD/log/stats.%p" SYSSHIM_STATS_FORMAT=json "$PROGRAM" chroot shim.root \
	>shim.out 2>shim.err || fail "status $?: $(cat shim.err)"
cmp native.out shim.out && cmp native.err shim.err || fail "output differs: $(cat shim.err)"
diff -r native.root shim.root || fail "the new root differs"
# the parent's log goes on behind the chroot, up to its end
grep -la 'chroot("shim.root")' log/log.* >parent || fail "no log has the chroot"
grep -qa '"/inside", O_WRONLY' "$(cat parent)" && grep -qa '+++ exited with 0 +++' "$(cat parent)" ||
	fail "the log ends at the chroot: $(tail -n 3 "$(cat parent)")"
parent=$(sed 's/.*log\.//' parent)
python3 - "log/stats.$parent" <<'PYTHON' || fail "the counters are not there: $(ls log)"
import json, sys
text = open(sys.argv[1], "rb").read()
assert b"\0" not in text, "bytes of 0 stand in it"
rows = [json.loads(line) for line in text.splitlines() if line.strip()]
assert len(rows) == 1, len(rows)
row = rows[0]
assert row["calls"]["chroot"]["calls"] >= 1 and row["end"] == "exit status 0", row
PYTHON
exit 0
