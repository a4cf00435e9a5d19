#!/bin/bash
# timeout: 120
# Whom an exec leads to is looked at before it is made: what is opened for that is nobody else's, and not left behind.
set -u
. "$SRC/tests/lib/lib.sh"

echo garbage >garbage
chmod 0755 garbage
for what in threads jumps; do
	for log in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary"; do
		rm -rf $what.* recording
		# shellcheck disable=SC2086
		same_run $what $log -- timeout 60 "$PROGRAM" $what "$PWD/garbage"
	done
done
[ "$(cat threads.native.out jumps.native.out)" = "0 opened elsewhere, 0 lost"$'\n'"0 left open" ] || fail "natively: $(cat threads.native.out jumps.native.out)"
exit 0
