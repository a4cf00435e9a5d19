#!/bin/bash
# With every form of log: behind a filter of the program's own nothing about signals is asked of the kernel, neither for a vfork child nor for a thread.
set -u
. "$SRC/tests/lib/lib.sh"

here=$PWD
for what in vfork thread; do
	"$PROGRAM" $what
	status=$?
	[ $status -eq 77 ] && skip "no filter can be installed here"
	[ $status -eq 0 ] || fail "$what: natively status $status"
	for log in "SYSSHIM_LOG=$here/recording SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$here/log" "SYSSHIM_LOG=$here/log.json SYSSHIM_LOG_FORMAT=json" SYSSHIM_LOG=off; do
		# shellcheck disable=SC2086
		shimmed SYSSHIM_STATS="$here/stats" $log timeout 30 "$PROGRAM" $what || fail "$what, $log: status $?"
	done
done
exit 0
