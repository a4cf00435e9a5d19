#!/bin/bash
# The timer that bounds the age of what is buffered still ticks for a moment when it is written. Calls that do not wait and yet stop in the middle where a signal is
# pending give all that they would give: a folder's entries at once (getdents64), and what pwrite takes.
set -u
. "$SRC/tests/lib/lib.sh"
command -v perl >/dev/null || skip "perl is not installed"
[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"

mkdir many && (cd many && seq -f 'a_name_of_some_length_%05g' 1 20000 | xargs touch) || fail "no folder of many files"
# shellcheck disable=SC2016
lists='
	open(my $o, ">", "out") or die; open(my $d, "<", "many") or die "folder: $!";
	my $room = "\1" x (4 << 20);
	for my $turn (1 .. 20) {
		sysseek($d, 0, 0);
		for (1 .. 100) { syswrite($o, "x") }
		print syscall(217, fileno($d), $room, length $room), "\n";
	}
	open(my $u, ">", "/dev/urandom") or die; my $much = "\1" x (8 << 20);
	for my $turn (1 .. 5) {
		for (1 .. 100) { syswrite($o, "x") }
		print syscall(18, fileno($u), $much, length $much, 0), "\n";
	}'
perl -e "$lists" >native || fail "perl fails natively"
shimmed SYSSHIM_LATENCY_MS=1 SYSSHIM_LOG=off SYSSHIM_STATS="$PWD/stats" perl -e "$lists" >answers || fail "perl fails"
grep -q '^ *coalesced: ' stats || fail "nothing was gathered"
cmp native answers || fail "$(paste native answers | sort | uniq -c)"
exit 0
