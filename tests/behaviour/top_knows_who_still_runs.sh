#!/bin/bash
# timeout: 120
# sysshim top, and trace --follow, know of a process that it runs: when its first thread has ended, and when the clock on the wall was set, forward or back, since it began.
# And they take nobody for a process of a pid namespace within the recording, whose number somebody else has here.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state

cat >first.c <<'C_'
#include <pthread.h>
#include <time.h>
#include <unistd.h>
static void *reads(void *fd) { char byte; read(*(int *)fd, &byte, 1); return fd; }
int main(void)
{
	static int ends[2];
	pthread_t thread;

	alarm(100);
	pipe(ends);
	pthread_create(&thread, NULL, reads, ends);
	/* For two seconds it is the busier one for as long as it has been one that has ended. */
	for (time_t end = time(NULL) + 3; time(NULL) < end;)
		getppid();
	pthread_exit(NULL);
}
C_
cc -O1 -w -pthread -o first first.c || fail "cc does not compile"

program=
trap '[ -z "$program" ] || kill -KILL $program 2>/dev/null' EXIT
# begin RECORDING PROGRAM...: until it waits.
begin() {
	local recording=$1
	shift
	"$SYSSHIM" run -q --record="$PWD/$recording" -- "$@" &
	program=$!
	for _ in $(seq 100); do
		"$SYSSHIM" top -n 1 "$recording" 2>/dev/null | grep -qE ": (read|clock_nanosleep|wait4)\(" && return
		sleep 0.1
	done
	fail "$*: top does not see that it waits: $("$SYSSHIM" top -n 1 "$recording" 2>&1)"
}
# unshare(1) does not die of SIGTERM.
end() { kill -KILL $program; wait $program 2>/dev/null; program=; }

begin threads ./first
for _ in $(seq 100); do grep -q '^State:.*Z' /proc/$program/task/$program/status && break; sleep 0.1; done
"$SYSSHIM" top -n 1 threads >shown
grep -qE "^ *$program Z .* first: has ended$" shown && grep -qE " S .*   first: read\([0-9]+<pipe:" shown || fail "the first thread has ended: $(cat shown)"
timeout 2 "$SYSSHIM" trace --follow threads >calls 2>/dev/null
[ $? -eq 124 ] || fail "trace --follow has ended before the program"
end
"$SYSSHIM" top -n 1 threads >/dev/null 2>&1
[ $? -eq 1 ] || fail "it does not run any more"

# The clock was set by an hour: what the recording calls now is another time than what the clock says.
for hour in 3600 -3600; do
	begin set$hour sleep 100
	python3 - set$hour $hour <<'PY' || fail "see above"
import glob, struct, sys
file = open(glob.glob(sys.argv[1] + "/*.rec")[0], "r+b")
file.seek(32)
times = struct.unpack("=QQ", file.read(16))
file.seek(32)
file.write(struct.pack("=QQ", *(time + int(sys.argv[2]) * 10 ** 9 for time in times)))
PY
	"$SYSSHIM" top -n 1 --json set$hour >shown || fail "set by $hour s: status $?"
	python3 - shown <<'PY' || fail "set by $hour s"
import json, sys
row = json.loads(open(sys.argv[1]).readline())
assert row["call"] == "clock_nanosleep" and 0 <= row["time_ns"] - row["since_ns"] < 100 * 10 ** 9 and row["calls"] > 0 and row["interval_ns"] < 100 * 10 ** 9, row
PY
	timeout 2 "$SYSSHIM" trace --follow set$hour >calls 2>/dev/null
	[ $? -eq 124 ] && grep -q '^.*clock_nanosleep' calls || fail "trace --follow, set by $hour s: $(tail -n 2 calls)"
	end
done

# What was executed and has no file (here: may make none) is not in that exec any more, though nobody is told what it is in.
quiet() { setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"; }
if [ "$(id -u)" = 0 ] && quiet true 2>/dev/null; then
	chmod o+x . ..
	cc -static -x c -o waits - <<<'#include <unistd.h>
int main(void) { alarm(100); return pause(); }' || fail "cc does not compile"
	"$SYSSHIM" run -q --record="$PWD/quiet" -- setpriv --reuid=65534 --clear-groups ./waits &
	program=$!
	for _ in $(seq 100); do [ "$(cat /proc/$program/comm)" = waits ] && break; sleep 0.1; done
	sleep 0.2
	quiet "$SYSSHIM" top -n 1 --json quiet >shown
	grep '"tid"' shown | grep -q '"program":"waits","recorded":false,.*"call":\(null\|"pause"\),' || fail "it is in an exec: $(cat shown)"
	end
fi

# 1 and 2 in a namespace of their own; here they are others.
unshare -Urpf --mount-proc true 2>/dev/null || skip "no pid namespace can be made"
begin inside unshare -Urpf --kill-child --mount-proc sh -c 'sleep 100; :'
for _ in $(seq 100); do "$SYSSHIM" show inside | grep -q '(parent 1) .* sleep 100' && break; sleep 0.1; done
"$SYSSHIM" top -n 1 --json inside | grep '"tid"' >shown
[ "$(wc -l <shown)" = 1 ] && grep -q "\"pid\":$program,.*\"program\":\"unshare\"" shown || fail "it shows others: $(cat shown)"
end
exit 0
