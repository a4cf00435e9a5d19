#!/bin/bash
# timeout: 120
# Four threads make calls while sites are looked for: libraries come and go under rewrite-all, and the shim itself comes late, by dlopen. Every
# result is right, and the late shim leaves libc's text as it is, as one does that finds a thread at its start.
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

# a library whose constructor comes before ours starts one: nothing is patched under it, also under a filter, where the kernel is asked in another way
cc -O1 -o filtered "$SRC/tests/lib/filtered.c" || fail "the launcher does not compile"
cat >early.c <<'C'
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
static int stop;
static pthread_t thread;
static void *calls(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		if (getppid() != (pid_t)syscall(SYS_getppid))
			_exit(88);
	return unused;
}
__attribute__((constructor)) static void begin(void)
{
	if (pthread_create(&thread, NULL, calls, NULL))
		_exit(89);
}
__attribute__((destructor)) static void end(void)
{
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}
C
cc -O1 -fPIC -shared -Wl,-z,initfirst -o early.so early.c -lpthread || fail "the early library does not compile"
for launcher in env ./filtered; do
	rm -f stats
	# of two libraries that want to be first, the one that is named last is
	$launcher env LD_PRELOAD="$SHIM:$here/early.so" SYSSHIM_LOG=off SYSSHIM_STATS="$here/stats" SYSSHIM_STATS_FORMAT=json /bin/true || fail "$launcher, an early thread: status $?"
	python3 -c 'import json; c = json.loads(open("stats").readline())["coverage"]; assert not c["rewriting"] and "threads" in c["why_not"], c' || fail "$launcher: libc is patched under a thread"
done
exit 0
