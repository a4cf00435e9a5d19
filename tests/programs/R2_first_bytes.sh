#!/bin/bash
# A uprobe stands on a function's first byte, and its detach writes the old byte back into whatever is there by then: no exported
# function of libc or ld.so begins with another byte than the file says. (That some text has changed at all is asked too: otherwise
# nothing is tested.)
set -u
. "$SRC/tests/lib/lib.sh"

"$PROGRAM" >native.out || fail "the program fails natively"
for intercept in default rewrite-all; do
	variables=(SYSSHIM_STATS="$PWD/stats.$intercept" SYSSHIM_STATS_FORMAT=json)
	[ $intercept = default ] || variables+=(SYSSHIM_INTERCEPT="$intercept")
	shimmed "${variables[@]}" "$PROGRAM" >shim.out 2>shim.err || fail "$intercept: it fails: $(cat shim.err)"
	[ -s shim.err ] && fail "$intercept: stderr: $(cat shim.err)"
	diff <(grep -v 'bytes of text' native.out) <(grep -v 'bytes of text' shim.out) || fail "$intercept: output differs"
	grep -q '"rewriting":true' "stats.$intercept" || fail "$intercept: libc was not rewritten: $(cat "stats.$intercept")"
	grep -q '^libc.so.6: bytes of text changed: [1-9]' shim.out || fail "$intercept: no byte of libc has changed: is it rewritten?"
done
