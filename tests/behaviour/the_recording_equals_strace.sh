#!/bin/bash
# timeout: 240
# A recording of everything, read by `sysshim trace`: the calls and their results are strace's for the time after our constructor, as they are
# in the log as text, in thirty-odd real commands.
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

# The files of one process in the order of their birth, as one log.
to_logs() {
	local file name
	for file in "$1"/recording/*.rec; do
		name=${file##*/}
		name=${name#*-}
		printf '%d %s\n' "${name%.rec}" "$file"
	done | sort -n | while read -r _ file; do
		name=${file##*/}
		"$SYSSHIM" trace "$file" >>"$1/logs/${name%%-*}" 2>>"$1/reader" || echo "sysshim trace $file: exit status $?" >>"$1/reader"
	done
	grep -v '^coverage: ' "$1/reader" >&2
}
export -f to_logs

every=every settings="-E SYSSHIM_LOG=%F/recording -E SYSSHIM_LOG_FORMAT=binary -E SYSSHIM_INTERCEPT=rewrite-all,interpose -E SYSSHIM_DISPATCH=always"
arguments="--logs %F/logs" prepare='to_logs "$folder"'
. "$SRC/tests/lib/strace_commands.sh"
