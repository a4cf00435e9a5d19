#!/bin/bash
# The companion with a latency of 1000 ms: natively the second process finds the row complete at once; bytes that are held stay longer than it
# waits, and would go to the other file.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

for burst in 16 1; do
	same_run "burst-$burst" SYSSHIM_LATENCY_MS=1000 SYSSHIM_BURST=$burst -- "$PROGRAM"
	grep -q '^done$' "burst-$burst.native.out" || fail "natively it does not come to its end: $(cat "burst-$burst.native.out")"
done
# Before the clone its writes are gathered: had nothing been, nothing would have been tested.
(mkdir counted && cd counted && shimmed SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json SYSSHIM_BURST=1 "$PROGRAM" >out)
python3 - counted/stats.* <<'PYTHON' || fail "nothing was coalesced before, or no reason is said: $(cat counted/stats.*)"
import json, sys
rows = [json.loads(line)["batches"] for name in sys.argv[1:] for line in open(name)]
assert any(row["count"] for row in rows)
assert any("a process shares its descriptors" in row["not_coalesced"] for row in rows)
PYTHON
exit 0
