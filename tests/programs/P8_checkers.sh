#!/bin/bash
# timeout: 120
# ThreadSanitizer and valgrind, which intercept and translate what we rewrite: a program with a race, a leak or an invalid write is reported as
# without us, in the same words and the same exit status; one without a fault is not reported.
set -u
. "$SRC/tests/lib/lib.sh"

# what differs between two runs: process numbers, addresses; of a race, which of the accesses met and how often
plain() {
	grep -m 1 -o 'WARNING: ThreadSanitizer: data race' "$1" || sed -E 's/==[0-9]+==/==PID==/g; s/pid=[0-9]+|tid=[0-9]+/ID/g; s/0x[0-9a-f]+/ADDRESS/g' "$1"
}

# same NAME STATUS WORD COMMAND...: natively it ends so and says so, and under the shim as well
same() {
	local name=$1 status=$2 word=$3
	shift 3
	"$@" >native.out 2>native.err
	[ $? -eq "$status" ] && grep -q "$word" native.out native.err || fail "$name: natively: $(tail -n 5 native.out native.err)"
	for log in SYSSHIM_LOG=off "SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary"; do
		# shellcheck disable=SC2086
		env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off $log "$@" >shim.out 2>shim.err
		[ $? -eq "$status" ] || fail "$name, $log: not its status: $(tail -n 5 shim.err)"
		diff native.out shim.out && diff <(plain native.err) <(plain shim.err) || fail "$name, $log: it says something else"
		[ "$(wc -c <out)" -eq 1000 ] || fail "$name, $log: bytes are missing"
	done
}

checked=0
if gcc -g -O1 -fsanitize=thread -o tsan "$SRC/tests/programs/P8_checkers.c" 2>cc.err && setarch -R ./tsan none >/dev/null 2>&1; [ $? -eq 3 ]; then
	same "tsan, no fault" 3 '^done' setarch -R ./tsan none
	same "tsan, a race" 66 'data race' setarch -R ./tsan race
	checked=$((checked + 1))
fi
if command -v valgrind >/dev/null; then
	for fault in none:3:done leak:99:'definitely lost' invalid:99:'Invalid write'; do
		IFS=: read -r name status word <<<"$fault"
		same "valgrind, $name" "$status" "$word" valgrind -q --leak-check=full --error-exitcode=99 "$PROGRAM" "$name"
	done
	# Its leak check reads all that may be read: of a recording's window, most of which lies behind the file's end, that is nothing.
	env LD_PRELOAD="$SHIM" SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary valgrind -q /bin/cat /proc/self/maps >maps 2>maps.err
	[ "$(awk '/\.rec$/ { print $2 }' maps)" = -w-s ] || fail "valgrind may read of a recording's window: $(grep rec maps)"
	checked=$((checked + 1))
fi
[ $checked -gt 0 ] || skip "neither ThreadSanitizer nor valgrind runs here"
exit 0
