#!/bin/bash
# The deliberate bugs of tests/adversary/mutations apply to the shim as it is: who changes the code beside one must look whether it is still a bug.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir tree && cp -r "$SRC/shim" "$SRC/format" "$SRC/include" tree/ && cd tree || fail "no copy"
count=0
for patch in "$SRC"/tests/adversary/mutations/*.patch; do
	patch -p1 --dry-run -s -F0 <"$patch" >../out 2>&1 || fail "${patch##*/} does not apply: $(head -n 2 ../out)"
	head -n 1 "$patch" | grep -q '^found by: ' || fail "${patch##*/} does not say who finds it"
	count=$((count + 1))
done
[ "$count" -ge 20 ] || fail "only $count mutations"
