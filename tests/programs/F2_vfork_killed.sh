#!/bin/bash
# timeout: 120
# A vfork child that is killed while it holds one of our locks leaves none behind: what its parent does afterwards is in the log.
set -u
. "$SRC/tests/lib/lib.sh"

for format in text json; do
	for threads in "" threads; do
		# shellcheck disable=SC2086
		shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/$format$threads.log" SYSSHIM_LOG_FORMAT=$format timeout 60 "$PROGRAM" $threads || fail "$format $threads: status $?"
		found=$(cat $format$threads.log* | grep -c '/nobody/behind/[0-9]*\.')
		[ "$found" -eq 40 ] || fail "$format $threads: of 40 calls $found are in the log"
	done
done
grep -q '"paths_unlisted":[1-9]' stats && fail "the table of files stayed locked: $(grep -o '"[a-z_]*unlisted":[0-9]*' stats)"
exit 0
