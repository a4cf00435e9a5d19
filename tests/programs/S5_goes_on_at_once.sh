#!/bin/bash
# SIGCONT right behind SIGTSTP: the process goes on, and does not stand still for ever because it was writing its batch when it was told to.
# What comes in the very moment in which it stops itself is lost (doc/transparency.md): some of a thousand, where it was one in ten.
set -u
. "$SRC/tests/lib/lib.sh"

[ "$("$PROGRAM")" = 0 ] || skip "natively it stands still too"
stuck=$(shimmed SYSSHIM_BUFFER=1000000 SYSSHIM_LATENCY_MS=1000 SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json "$PROGRAM") || fail "status $?"
[ "$stuck" -le 5 ] || fail "$stuck of 400 times it stands still"
exit 0
