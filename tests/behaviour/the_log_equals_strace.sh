#!/bin/bash
# timeout: 240
# A log of everything: where every site is rewritten and dispatch watches what is not, the calls in the log and their results are strace's for
# the time after our constructor, in thirty-odd real commands.
set -u
. "$SRC/tests/lib/lib.sh"

# OBJECT CALL reason. Hot calls that may pass us by after our constructor, and why. The object is the one whose instruction it was, with
# (odd) where the bytes around it fit no form of rewriting; "elsewhere" is ld.so, which the kernel maps without a call, and memory
# without a file.
cat >excuses <<'EXCUSES'
libc.so.6 rt_sigreturn it works on the frame at its own stack pointer and has no result: its site stays untouched
libc.so.6 exit a thread's last instruction, on a stack that libc has already given back: its site stays untouched
libc.so.6(odd) exit as above, where the instruction in front differs
* rt_sigprocmask in processes with threads, where dispatch does not stand: pthread_create and start_thread
EXCUSES

every=every settings="-E SYSSHIM_LOG=%F/logs/%p -E SYSSHIM_INTERCEPT=rewrite-all,interpose -E SYSSHIM_DISPATCH=always" arguments="--logs %F/logs"
. "$SRC/tests/lib/strace_commands.sh"
