#!/bin/bash
# Calls of libc that are not rewritten by default, because they are not about I/O, files, processes or signals: where -e trace names one it is recorded as
# often as it is made; where none is named, the coverage says that they are not seen.
set -u
. "$SRC/tests/lib/lib.sh"

program='import os, signal
for i in range(100): os.getuid(); signal.alarm(0)'
"$SYSSHIM" run -q --record=named -e trace=getuid,alarm -- python3 -c "$program" || fail "status $?"
"$SYSSHIM" stat --json named >stat.json 2>said
"$SYSSHIM" trace named >trace.out 2>said || fail "the recording is not read: $(cat said)"
[ "$(grep -c 'alarm(0) ' trace.out)" -eq 100 ] || fail "alarm was called 100 times, seen $(grep -c 'alarm(0) ' trace.out) times"
[ "$(grep -c 'getuid() ' trace.out)" -ge 100 ] || fail "getuid was called 100 times, seen $(grep -c 'getuid() ' trace.out) times"
grep -q 'rewrite-all' said && fail "all that was asked for is seen: $(cat said)"
"$SYSSHIM" run -q --record=default -- true || fail "status $?"
"$SYSSHIM" trace default >trace.out 2>said
grep -q 'coverage: .*not about I/O, files, processes or signals (SYSSHIM_INTERCEPT=rewrite-all' said trace.out || fail "what is not seen is not told: $(cat said)"
# but all that is about descriptors is
"$SYSSHIM" run -q --record=descriptors -- python3 -c 'import select; e = select.epoll(); e.register(0, 1)' </dev/null >/dev/null 2>&1
"$SYSSHIM" trace descriptors 2>said | grep -q 'epoll_ctl(.*EPERM' || fail "epoll_ctl is not in the recording"
exit 0
