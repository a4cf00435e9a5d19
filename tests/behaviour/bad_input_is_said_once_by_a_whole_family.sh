#!/bin/bash
# What is wrong with a setting is one line for the program that was started, not one more for each of its children and images: a build of a
# thousand processes would drown in them, and a script that reads its children's stderr would trip.
set -u
. "$SRC/tests/lib/lib.sh"

# once NAME=VALUE...
once() {
	shimmed "$@" sh -c '/bin/true; (/bin/true); /bin/sh -c "/bin/true; exec /bin/true"; exec sh -c "exit 7"' >out 2>err
	[ $? -eq 7 ] || fail "$*: the exit status is not the program's"
	[ "$(wc -l <err)" -eq 1 ] || fail "$*: $(wc -l <err) lines: $(head -n 3 err)"
}

once SYSSHIM_STATS=off SYSSHIM_LOGG=x
once SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/no/such/log"
once SYSSHIM_TIMING=maybe
exit 0
