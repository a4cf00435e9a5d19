#!/bin/bash
# A call after which nothing may be gathered (a ring whose kernel thread reads and writes without a call, foreign page protections) is noticed also where
# calls only want counting, long before the first batch: no log and no times.
set -u
. "$SRC/tests/lib/lib.sh"
command -v perl >/dev/null || skip "perl is not installed"

# The numbers are those of x86-64; a call that fails here is heard all the same: it need not fail for the next one.
[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
for mode in "SYSSHIM_TIMING=off SYSSHIM_LOG=off" "SYSSHIM_LOG=off" "SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary"; do
	for call in "425, 4, my \$p = chr(0) x 120:io_uring" "206, 0, 0:io_uring" "298, 0, 0, 0, 0, 0:io_uring" "330, 9, 0:io_uring" "39:"; do
		# shellcheck disable=SC2086
		shimmed $mode SYSSHIM_STATS="$PWD/stats" perl -e "syscall(39); syscall(${call%:*}); "'
			open(my $o, ">", "out"); for (1..2000) { syswrite($o, "x") } ' || fail "$mode, $call: perl fails"
		[ "$(wc -c <out)" -eq 2000 ] || fail "$mode, $call: bytes are missing"
		if [ "${call##*:}" ]; then
			grep -q 'not coalesced: it uses io_uring' stats && ! grep -q '^ *coalesced: ' stats || fail "$mode, $call: $(grep coalesced stats)"
		else
			grep -q '^ *coalesced: ' stats || fail "$mode, getpid: nothing was gathered"
		fi
		rm -f stats
	done
done
exit 0
