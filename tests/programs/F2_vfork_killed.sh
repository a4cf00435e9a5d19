#!/bin/bash
# timeout: 120
# A vfork child that is killed while it holds one of our locks leaves none behind: what its parent does afterwards is in the log.
set -u
. "$SRC/tests/lib/lib.sh"

for format in text json; do
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$format.log" SYSSHIM_LOG_FORMAT=$format timeout 60 "$PROGRAM" || fail "$format: status $?"
	[ "$(cat $format.log* | grep -c '/nobody/behind/[0-9]*\.')" -eq 40 ] || fail "$format: of 40 calls $(cat $format.log* | grep -c '/nobody/behind/[0-9]*\.') are in the log"
done
exit 0
