#!/bin/bash
# Registers over a call of libc that enters the kernel: what the calling convention promises is kept in every way of intercepting, and
# where libc's own code is entered, everything that natively is left alone is left alone (vector and mask registers, rdi, rsi, ...).
set -u
. "$SRC/tests/lib/lib.sh"

run() {
	local name=$1 argument=$2
	shift 2
	mkdir "$name"
	(cd "$name" && env "$@" "$PROGRAM" "$argument" >../"$name.out" 2>../"$name.err") || fail "$name: status $?: $(cat "$name.out" "$name.err")"
	[ -s "$name.err" ] && fail "$name: stderr: $(cat "$name.err")"
	grep -q '^done$' "$name.out" || fail "$name: it does not come to its end"
}

run native all A=B
run promised some A=B
grep -q '^kept over [a-z]*: not' native.out && fail "natively the calling convention is broken: $(cat native.out)"
run quiet all LD_PRELOAD="$SHIM" SYSSHIM_STATS=off
run log all LD_PRELOAD="$SHIM" SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/calls.log"
run interpose some LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose
diff promised.out interpose.out || fail "interpose: a register is not kept"
grep -q '"rewriting":true' stats || fail "libc was not rewritten: $(cat stats)"
# arguments of the functions that the shim interposes stand in the same registers as natively, and so do all others
diff native.out quiet.out || fail "quiet: other registers change than natively"
diff native.out log.out || fail "log: other registers change than natively"
