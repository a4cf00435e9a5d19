#!/bin/bash
# Uprobes (what perf probe and bpftrace use) come and go on the first bytes of libc's functions: set before the program starts,
# removed while it runs, set again, removed again. The program's calls all happen and all are right.
# The probes stand on a copy of libc, so that no other process on the machine meets them.
set -u
. "$SRC/tests/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "uprobes need root"
if [ "${1:-}" != inside ]; then
	unshare -m true 2>/dev/null || skip "no private mount namespace here (unshare -m)"
	exec unshare -m bash "$0" inside
fi
tracing=$PWD/tracing
mkdir "$tracing" lib
mount -t tracefs none "$tracing" 2>/dev/null || skip "no tracefs here"
[ -w "$tracing/uprobe_events" ] || skip "this kernel has no uprobes"

libc=$(ldd "$PROGRAM" | awk '/libc.so.6/ { print $3 }')
cp "$libc" lib/libc.so.6
libc=$PWD/lib/libc.so.6
group=sysshim_$$
functions='write openat getpid read'
remove() {
	[ -d "$tracing/events/$group" ] || return
	echo 0 >"$tracing/events/$group/enable"
	for function in $functions; do
		echo "-:$group/$function" >>"$tracing/uprobe_events"
	done
}
trap remove EXIT
for function in $functions; do
	offset=$(python3 "$SRC/tests/lib/elf_symbol.py" "$libc" "$function") || fail "no $function in $libc"
	echo "p:$group/$function $libc:$offset" >>"$tracing/uprobe_events" || skip "the kernel refuses a uprobe on $libc"
done

# run 0|1 VARIABLE...: one run; the first word says whether the probes stand when it starts
run() {
	local switch=$tracing/events/$group/enable before=$1 child status i
	shift
	rm -f out err
	echo "$before" >"$switch"
	env LD_LIBRARY_PATH="$PWD/lib" "$@" "$PROGRAM" 1500 >out 2>err &
	child=$!
	for i in $(seq 100); do
		grep -q started out 2>/dev/null && break
		sleep 0.02
	done
	for i in 1 2 3 4 5; do
		echo $((i % 2 == before)) >"$switch"
		sleep 0.15
		echo $((i % 2 != before)) >"$switch"
		sleep 0.05
	done
	echo 0 >"$switch"
	wait $child
	status=$?
	[ $status -eq 0 ] || fail "status $status: $* (probes at start: $before): $(cat out err)"
	grep -q '^wrong results: 0, rounds: enough$' out && grep -q '^done$' out && [ ! -s err ] ||
		fail "$* (probes at start: $before): $(cat out err)"
}

hits() {
	awk -v group="$group" -v libc="$libc" '$1 == libc { sum += $3 } END { print sum + 0 }' "$tracing/uprobe_profile"
}

run 0 env
run 1 env
[ "$(hits)" -gt 0 ] || fail "no probe was ever hit: nothing is tested"
native=$(hits)
for before in 0 1; do
	run $before LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/stats.$before" SYSSHIM_STATS_FORMAT=json
	grep -q '"rewriting":true' "stats.$before" || fail "libc's copy was not rewritten: $(cat "stats.$before")"
done
[ "$(hits)" -gt "$native" ] || fail "no probe was hit under the shim"
