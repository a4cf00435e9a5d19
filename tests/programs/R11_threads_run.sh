#!/bin/bash
# timeout: 120
# Four threads make calls while sites are looked for: libraries come and go under rewrite-all, and the shim itself comes late, by dlopen. Every
# result is right, and the late shim leaves libc's text as it is.
set -u
. "$SRC/tests/lib/lib.sh"

for name in stays comes other; do
	cc -O1 -fPIC -shared -DLIBRARY -o $name.so "$SRC/tests/programs/R11_threads_run.c" || fail "the library does not compile"
done
here=$PWD
for ways in rewrite-all,interpose rewrite-all rewrite,interpose; do
	same_run $ways SYSSHIM_INTERCEPT=$ways -- timeout 30 "$PROGRAM" "$here/stays.so" 100 "$here/comes.so" "$here/other.so"
	[ "$(cat $ways.native.out)" = "200 loaded, 0 wrong" ] || fail "natively: $(cat $ways.native.out)"
done
shimmed SYSSHIM_INTERCEPT=rewrite-all,interpose SYSSHIM_STATS="$here/stats" SYSSHIM_STATS_FORMAT=json "$PROGRAM" "$here/stays.so" 3 "$here/comes.so" >out ||
	[ $? = 4 ] || fail "it fails with counters"
[ "$(cat out)" = "3 loaded, 0 wrong" ] || fail "with counters: $(cat out)"
python3 -c 'import json; row = [json.loads(line) for line in open("stats") if line.strip()][-1]; assert row["calls"]["getpid"]["calls"] > 100, row["calls"]["getpid"]' ||
	fail "the library that stays was not rewritten: nothing is tested"
# by dlopen, with the threads running: what an empty library would have changed
export SHOW_TEXT=1
shimmed SYSSHIM_INTERCEPT=rewrite "$PROGRAM" - 0 >out
grep -q '^[1-9][0-9]* kB of' out || fail "a text that was rewritten is not seen: $(cat out)"
echo 'int sysshim_test_nothing;' >empty.c && cc -shared -fPIC -o empty.so empty.c || fail "no empty library"
for library in "$here/empty.so" "$SHIM"; do
	SYSSHIM_LOG=off SYSSHIM_STATS=off SYSSHIM_INTERCEPT=rewrite-all,interpose timeout 30 "$PROGRAM" "$here/stays.so" 20 "$library" >late.out 2>late.err
	status=$?
	[ $status = 4 ] && [ "$(cat late.out)" = "20 loaded, 0 wrong"$'\n'"0 kB of libc's text changed" ] && [ ! -s late.err ] ||
		fail "$library by dlopen: status $status: $(cat late.out late.err)"
done
exit 0
