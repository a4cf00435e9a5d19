#!/bin/bash
# With a log that was asked for: dispositions that somebody has set past us, and ignored signals that were inherited, are what they natively are, however often a child is spawned.
set -u
. "$SRC/tests/lib/lib.sh"

here=$PWD
for log in "SYSSHIM_LOG=$here/recording SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$here/log" "SYSSHIM_STATS=$here/stats"; do
	rm -rf run.* pending.* recording log
	# shellcheck disable=SC2086
	same_run pending $log -- timeout 60 "$PROGRAM" launch x
	# shellcheck disable=SC2086
	same_run run $log -- timeout 60 sh -c 'trap "" HUP TSTP PIPE 40; "$0"; echo $?' "$PROGRAM"
done
grep -q '^taken: 3 1 1$' run.native.out && grep -q '^138$' run.native.out || fail "natively: $(cat run.native.out)"
grep -q '^executed: pending 1 1$' pending.native.out && grep -q '^came: 1 1$' pending.native.out || fail "natively: $(cat pending.native.out)"
exit 0
