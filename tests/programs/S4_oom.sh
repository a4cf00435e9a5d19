#!/bin/bash
# timeout: 120
# A program that the kernel kills because its cgroup has no memory left: it dies of it as natively, what it wrote is there from its beginning to a
# place that it had reached, and its recording can be read.
set -u
. "$SRC/tests/lib/lib.sh"

if [ -w /sys/fs/cgroup/cgroup.procs ] && grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
	group=/sys/fs/cgroup/sysshim.$$ limit=memory.max swap=memory.swap.max
elif [ -w /sys/fs/cgroup/memory/cgroup.procs ]; then
	group=/sys/fs/cgroup/memory/sysshim.$$ limit=memory.limit_in_bytes swap=
else
	skip "no cgroup with a memory controller can be made here"
fi
mkdir "$group" 2>/dev/null || skip "no cgroup can be made here"
trap 'rmdir "$group"' EXIT
echo $((64 << 20)) >"$group/$limit" || skip "the cgroup takes no limit"
[ -z "$swap" ] || echo 0 >"$group/$swap" 2>/dev/null

# limited COMMAND...: in the cgroup; its exit status
limited() {
	(echo "$BASHPID" >"$group/cgroup.procs" && exec "$@")
}

# reaches FILE: all of it is what was to be written, from the beginning on, but for a line that was cut
reaches() {
	head -n -1 "$1" | cmp - <(seq "$(head -n -1 "$1" | wc -l)") || fail "$1: a line is missing or comes twice"
	[ "$(wc -l <"$1")" -ge 1000 ] || fail "$1: what was visible before has gone: $(wc -l <"$1") lines"
}

limited "$PROGRAM" >native
[ $? -eq 137 ] || fail "natively it is not killed"
reaches native
for latency in 1 20; do
	limited env LD_PRELOAD="$SHIM" SYSSHIM_LATENCY_MS=$latency SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording.$latency" SYSSHIM_LOG_FORMAT=binary "$PROGRAM" >shimmed
	status=$?
	[ $status -eq 137 ] || fail "under the shim its status is $status"
	reaches shimmed
	"$SYSSHIM" stat --json "recording.$latency" >stat || fail "its recording cannot be read: $(cat stat)"
	python3 -c 'import json; write = json.load(open("stat"))["calls"]["write"]; assert write["coalesced"] > 500, write' || fail "it did not coalesce"
done
