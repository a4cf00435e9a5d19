#!/bin/bash
# timeout: 170
# The counters equal strace's for the time after our constructor: thirty-odd real commands run once, under both. What is compared, and
# how a call is known to be the program's, one of ours, or one that passed us by, stands in tests/lib/strace_counts.py.
set -u
. "$SRC/tests/lib/lib.sh"

cat >excuses <<'EXCUSES'
libc.so.6(odd) rt_sigprocmask pthread_create and start_thread: the number is loaded long before, no known instruction follows
libpthread-2.31.so(odd) rt_sigprocmask as above
elsewhere mprotect ld.so protects a library that it has loaded later; the number is loaded before a branch
EXCUSES

settings="" arguments="" every=""
. "$SRC/tests/lib/strace_commands.sh"
