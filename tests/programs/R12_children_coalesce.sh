#!/bin/bash
# timeout: 60
# Children coalesce too, however they were made, and theirs, and the next image of an exec: in the counters of each process stands a batch.
set -u
. "$SRC/tests/lib/lib.sh"

# stdout has pids: files and names are compared
(mkdir native && cd native && "$PROGRAM" >../native.names) || fail "natively it does not come to its end"
(mkdir shim && cd shim && shimmed SYSSHIM_STATS="$PWD/../stats.%p" SYSSHIM_STATS_FORMAT=json "$PROGRAM" >../shim.names) || fail "under the shim it does not come to its end"
diff -r native shim || fail "the files are not the same"
diff <(cut -d' ' -f2 native.names) <(cut -d' ' -f2 shim.names) || fail "the processes are not the same"
python3 - <<'PYTHON' || fail "not every process has coalesced"
import collections, json, sys
names = collections.defaultdict(list)
for line in open("shim.names"):
    pid, name = line.split()
    names[int(pid)].append(name)
wrong = 0
for pid, who in names.items():
    rows = [json.loads(line) for line in open(f"stats.{pid}")]
    # an exec in one process gives a second row: the last name is that image's
    writes = sum(row["batches"]["writes"] for row in rows)
    wanted = 900 * len(who)
    if writes < wanted:
        wrong = 1
        print(pid, who, f"{writes} writes in batches, of {1000 * len(who)}", [row["batches"]["not_coalesced"] for row in rows])
sys.exit(wrong)
PYTHON
