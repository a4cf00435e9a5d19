#!/bin/bash
# A preloaded malloc that calls open, read, write and close for every allocation: no call path of ours enters it, so it is never entered
# from inside itself and counts, to the unit, what it counts without us.
set -u
. "$SRC/tests/lib/lib.sh"

cc -O1 -fPIC -shared -fno-builtin -DLIBRARY -o allocator.so "$SRC/tests/programs/P2_malloc.c" || fail "the library does not compile"
here=$PWD

timeout 30 env LD_PRELOAD="$here/allocator.so" "$PROGRAM" >native.out 2>native.err
[ $? -eq 0 ] && grep -q '^done: [1-9]' native.out || fail "it fails natively: $(cat native.out native.err)"

run() {
	local name=$1 order=$2
	shift 2
	timeout 60 env LD_PRELOAD="${order//@/$SHIM}" "$@" "$PROGRAM" >shim.out 2>shim.err
	local status=$?
	[ $status -eq 0 ] || fail "$name: status $status: $(tail -n 3 shim.out) $(cat shim.err)"
	diff native.out shim.out && diff native.err shim.err || fail "$name: differs"
}
for order in "@ $here/allocator.so" "$here/allocator.so @"; do
	run quiet "$order" SYSSHIM_STATS=off
	run log "$order" SYSSHIM_STATS="$here/stats.%p" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$here/log.%p"
	run interpose "$order" SYSSHIM_STATS="$here/stats.%p" SYSSHIM_INTERCEPT=interpose
	run all "$order" SYSSHIM_STATS=off SYSSHIM_INTERCEPT=rewrite-all
done
ls log.* >/dev/null 2>&1 || fail "the shim was not there"
exit 0
