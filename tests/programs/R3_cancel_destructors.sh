#!/bin/bash
# Destructors run when a thread is cancelled in a blocked call, and an exception thrown by a signal handler leaves a blocked call.
set -u
. "$SRC/tests/lib/lib.sh"

command -v g++ >/dev/null || skip "no g++"
g++ -O1 -Wall -fnon-call-exceptions -fasynchronous-unwind-tables -pthread -o program \
	"$SRC/tests/programs/R3_cancel_destructors.cc" || fail "it does not compile"
./program >native.out 2>native.err || fail "it fails natively: $(cat native.out native.err)"
tail -n 1 native.out | grep -q '^done$' || fail "it does not come to its end natively"

run() {
	local name=$1
	shift
	shimmed "$@" ./program >shim.out 2>shim.err || fail "$name: status $?: $(cat shim.out shim.err)"
	diff native.out shim.out && diff native.err shim.err || fail "$name: output differs"
}
run quiet SYSSHIM_STATS=off
run log SYSSHIM_STATS="$PWD/stats" SYSSHIM_LOG="$PWD/log"
run interpose SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose
