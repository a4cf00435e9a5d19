#!/bin/bash
# -f takes no value, -T changes nothing, --trace=SET is -e trace=SET, -P finds a call by any of its paths, of -z and -Z the last one counts.
set -u
. "$SRC/tests/lib/lib.sh"

touch first
"$SYSSHIM" run -f -q --record=letters -e trace=%file -- sh -c 'mv first second; ln second third' || fail "run -f: status $?"
for path in first second third; do
	"$SYSSHIM" trace -P $path letters >$path.out 2>said || fail "-P $path: $(cat said)"
done
grep -q '^.*rename.*"first".*"second"' first.out && grep -q 'rename.*"first".*"second"' second.out || fail "-P does not find the rename by both of its paths: $(cat second.out)"
grep -q 'link.*"second".*"third"' third.out || fail "-P does not find the link by its second path: $(cat third.out)"
# of -z and -Z the last one counts
for last in -z -Z; do
	"$SYSSHIM" trace $last letters 2>/dev/null >one && "$SYSSHIM" trace -z -Z $last letters 2>/dev/null >two && cmp one two || fail "-z -Z $last is not $last"
	grep -q openat one || fail "$last shows nothing: $(cat one)"
	"$SYSSHIM" run -q -z -Z $last --record="status$last" -e openat -- cat nowhere 2>/dev/null
	"$SYSSHIM" trace "status$last" 2>/dev/null >one && "$SYSSHIM" trace $last "status$last" 2>/dev/null | cmp - one && grep -q openat one || fail "run -z -Z $last: $(cat one)"
done
# -e in strace's long word, which is no beginning of --trace-static
"$SYSSHIM" run -q --trace=openat --record=long -- cat first 2>/dev/null; "$SYSSHIM" trace long >one 2>/dev/null && "$SYSSHIM" trace --trace=openat long 2>/dev/null | cmp - one && grep -q openat one && ! grep -qw close one || fail "--trace: $(cat one)"
"$SYSSHIM" stat --trace=openat letters | cmp - <("$SYSSHIM" stat -e openat letters) || fail "stat --trace"
"$SYSSHIM" run -f -T -q -o long.log -- cat second && grep -q ' openat(.* <[0-9.]*>$' long.log || fail "run -T: $(cat long.log)"
"$SYSSHIM" run -ff -q --record=off -- sh -c 'echo on' | grep -qx on || fail "run -ff"
for order in "-S time" "-S time-total" "-S total-time" "-S time-percent"; do
	"$SYSSHIM" stat $order letters | cmp - <("$SYSSHIM" stat letters) || fail "stat $order"
done
"$SYSSHIM" stat -c letters | cmp - <("$SYSSHIM" stat letters) || fail "stat -c"
"$SYSSHIM" stat -S count letters | cmp - <("$SYSSHIM" stat -S calls letters) || fail "stat -S count"
for order in max-time longest; do
	"$SYSSHIM" stat -S $order letters | cmp - <("$SYSSHIM" stat -S max letters) || fail "stat -S $order"
done
"$SYSSHIM" stat -S avg-time letters | sed '1,2d; /^---/,$d' | awk '{ print $3 }' >averages
[ -s averages ] && sort -rn averages | cmp - averages || fail "stat -S avg-time: $(cat averages)"
# the last line has an average too
"$SYSSHIM" stat letters | awk '$NF == "total" && $3 > 0 && $2 * 1e6 / $4 - $3 < 0.1 && $3 - $2 * 1e6 / $4 < 0.1 { fine = 1 } END { exit !fine }' || fail "total: $("$SYSSHIM" stat letters | grep total)"
# whom -p names must have been there
for words in trace "trace --json" stat "stat --json" "stat --by=program" "stat --by=file" files "files --deny=/nowhere"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $words -p 4194305 letters >out 2>said
	grep -q "^sysshim ${words%% *}: -p 4194305: no process or thread of this recording has this number\$" said || fail "$words: $(cat said)"
	# shellcheck disable=SC2086
	"$SYSSHIM" $words -p "$("$SYSSHIM" show --json letters | sed -n '1s/.*"pid":\([0-9]*\).*/\1/p')" letters >out 2>said && ! grep -q 'no process' said || fail "$words: $(cat said)"
done
# what -f says in other words
for follow in "-f off" "-foff" "--follow=off"; do
	rm -rf alone
	# shellcheck disable=SC2086
	"$SYSSHIM" run $follow -q --record=alone -- sh -c '/bin/true; :' || fail "run $follow: status $?"
	"$SYSSHIM" show alone | grep -q ' true$' && fail "run $follow: the child is in the recording"
done
for wrong in "--follow=nobody" "-s 4097" "-s x" "-e trace=open,nosuch" "-e nosuch" "--min-duration=5x"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" run $wrong -q --record=off sh -c 'echo ran' >out 2>said
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <said)" -eq 1 ] && grep -q "^sysshim run: ${wrong%%[ =]*}" said || fail "run $wrong: $(cat out said)"
done
exit 0
