#!/bin/bash
# The line about a wrong value has an end: a value of thousands of bytes is shortened, and what is allowed stands behind it all the same.
set -u
. "$SRC/tests/lib/lib.sh"

long=$(printf 'v%.0s' {1..3000})
shimmed SYSSHIM_TIMING="$long" sh -c 'exit 7' 2>err
[ $? -eq 7 ] || fail "the exit status is not the program's"
[ "$(wc -l <err)" -eq 1 ] || fail "not one line: $(cut -c1-300 err)"
[ "$(wc -c <err)" -le 600 ] || fail "the line is $(wc -c <err) bytes long"
grep -q 'SYSSHIM_TIMING=vvvvvvvv.*on, off' err || fail "the line does not say what is allowed: $(cut -c1-80 err) ... $(tail -c 80 err)"

# a path that is too long, after the same fashion
shimmed SYSSHIM_STATS=off SYSSHIM_LOG="/$long/$long" sh -c 'exit 7' 2>err
[ $? -eq 7 ] && [ "$(wc -l <err)" -eq 1 ] || fail "a long path: $(cut -c1-300 err)"
grep -q 'SYSSHIM_LOG=/vvvv.*path' err || fail "a long path: the line does not say what is allowed: $(tail -c 80 err)"
exit 0
