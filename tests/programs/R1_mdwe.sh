#!/bin/bash
# A process that may not make memory executable: nothing of it changes, and what can still be counted (the interposed names) is.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir native shim
(cd native && "$PROGRAM" launch "$PROGRAM" work >../native.out 2>../native.err)
native=$?
[ $native -eq 77 ] && skip "$(tail -n 1 native.err)"
[ $native -eq 0 ] || fail "the program fails natively under PR_SET_MDWE: status $native"
grep -q '^refused: 1$' native.out || skip "PR_SET_MDWE is not handed on over exec here"

(cd shim && "$PROGRAM" launch env LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/../stats.%p.json" SYSSHIM_STATS_FORMAT=json \
	"$PROGRAM" work >../shim.out 2>../shim.err)
status=$?
[ $status -eq 0 ] || fail "status $status under the shim: $(cat shim.err)"
cmp native.out shim.out || fail "stdout differs"
cmp native.err shim.err || fail "stderr differs: $(cat shim.err)"
cmp native/file shim/file || fail "the file differs"

python3 - stats.*.json <<'PYTHON' || fail "the counters are not right"
import json, sys
first = None
for name in sys.argv[1:]:
    for line in open(name):
        stats = json.loads(line)
        assert stats["coverage"]["rewriting"] is False, (name, stats["coverage"])
        assert stats["coverage"]["why_not"] and not stats["coverage"].get("sites_rewritten"), (name, stats["coverage"])
        if stats["calls"].get("pread64"):
            first = stats
assert first, "no summary of the first process"
calls = {name: row["calls"] for name, row in first["calls"].items()}
opened = calls.get("open", 0) + calls.get("openat", 0)
# at least what the program calls by name; fopen's and printf's own calls come from inside libc and may be missing
assert opened >= 11, calls
assert calls["write"] >= 10 and calls["close"] >= 10 and calls["pread64"] == 10, calls
assert calls["sendto"] == 1 and calls["recvfrom"] == 1, calls
assert first["calls"]["write"]["bytes"] >= 100, first["calls"]["write"]
failed = sum(first["calls"].get(name, {}).get("errors", 0) for name in ("open", "openat"))
assert failed == 1, failed
PYTHON

# programs of other people under the same refusal
for command in 'ls -la /etc' 'sort /etc/passwd' 'bash -c "for i in 1 2 3; do echo $i; ls /; done | wc -l"' \
	'perl -e "print 6*7, qq{\n}; system q{echo from perl}"'; do
	"$PROGRAM" launch bash -c "$command" >native.out 2>native.err
	native=$?
	"$PROGRAM" launch env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off bash -c "$command" >shim.out 2>shim.err
	[ $? -eq $native ] && cmp native.out shim.out && cmp native.err shim.err || fail "differs: $command"
done
