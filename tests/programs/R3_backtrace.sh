#!/bin/bash
# A backtrace from a signal handler inside a blocked call names what it names natively, in the same order, down to main. Frames of the
# shim may stand between (at most 6 of them); none may be missing.
set -u
. "$SRC/tests/lib/lib.sh"

"$PROGRAM" >native || fail "the program fails natively"
for name in main caller wait_in_read wait_in_fgets wait_in_poll wait_in_waitpid wait_in_nanosleep; do
	grep -q "^$name\$" native || fail "natively no frame is named $name: $(cat native)"
done
for variables in SYSSHIM_STATS=off "SYSSHIM_STATS=$PWD/stats SYSSHIM_LOG=$PWD/log" 'SYSSHIM_STATS=off SYSSHIM_INTERCEPT=rewrite-all'; do
	# shellcheck disable=SC2086
	shimmed $variables "$PROGRAM" >shim 2>err || fail "$variables: status $?: $(cat shim err)"
	[ -s err ] && fail "$variables: $(cat err)"
	python3 - native shim <<'PYTHON' || fail "$variables: $(paste native shim)"
import sys
native, shim = ([block.split("\n") for block in open(name).read().split("== ")] for name in sys.argv[1:])
assert len(native) == len(shim), "blocks are missing"
for wanted, got in zip(native, shim):
    rest = iter(got)
    missing = [name for name in wanted if name != "?" and name not in rest]
    assert not missing, f"{wanted[0]}: missing or out of order: {missing} in {got}"
    assert len(got) <= len(wanted) + 6, f"{wanted[0]}: too many frames: {got}"
PYTHON
done
