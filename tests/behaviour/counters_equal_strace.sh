#!/bin/bash
# timeout: 170
# The counters equal strace's for the time after our constructor: thirty-odd real commands run once, under both. What is compared, and
# how a call is known to be the program's, one of ours, or one that passed us by, stands in tests/lib/strace_counts.py.
set -u
. "$SRC/tests/lib/lib.sh"

# OBJECT CALL reason. Hot calls that may pass us by after our constructor, and why. The object is the one whose instruction it was, with
# (odd) where the bytes around it fit no form of rewriting; "elsewhere" is ld.so, which the kernel maps without a call, and memory
# without a file.
cat >excuses <<'EXCUSES'
libc.so.6 rt_sigreturn it works on the frame at its own stack pointer and has no result: its site stays untouched
libc.so.6 exit a thread's last instruction, on a stack that libc has already given back: its site stays untouched
libc.so.6(odd) exit as above, where the instruction in front differs
libc.so.6(odd) rt_sigprocmask pthread_create and start_thread: the number is loaded long before, no known instruction follows
elsewhere mprotect ld.so protects a library that it has loaded later; the number is loaded before a branch
EXCUSES

settings="" arguments="" every=""
. "$SRC/tests/lib/strace_commands.sh"
