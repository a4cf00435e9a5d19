#!/bin/bash
# ld.so separates the names in LD_PRELOAD by blanks and colons and knows no quotes: a library in such a folder cannot be preloaded. `run` says
# so in one line of its own, instead of ld.so's two for each process, and the program runs; `doctor` gives the reason.
set -u
. "$SRC/tests/lib/lib.sh"

for folder in "a folder" "one:two"; do
	mkdir "$folder" && cp "$SYSSHIM" "$folder/sysshim" && cp "$SHIM" "$folder/libsysshim.so" || fail "no copy of the command"
	"$folder/sysshim" run -q sh -c '/bin/true; echo out; exit 7' >out 2>err
	[ $? -eq 7 ] && [ "$(cat out)" = out ] || fail "$folder: the program does not run as natively: $(cat err)"
	if grep -q . err; then
		[ "$(wc -l <err)" -eq 1 ] && grep '^sysshim run: ' err | grep -qF "$folder" || fail "$folder: not one line of ours: $(cat err)"
		"$folder/sysshim" doctor >out 2>err
		[ $? -eq 1 ] && [ ! -s err ] && grep '^no ' out | grep -qE 'blank|space|colon' || fail "$folder: doctor does not give the reason: $(cat out err)"
	fi
done
exit 0
