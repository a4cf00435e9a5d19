#!/bin/bash
# timeout: 240
# A recording of everything, read by `sysshim trace`: the calls and their results are strace's for the time after our constructor, as they are
# in the log as text, in thirty-odd real commands. `sysshim stat` counts each call as the counters do, which are compared with strace as well.
set -u
. "$SRC/tests/lib/lib.sh"

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
	grep -v '^coverage: ' "$1/reader" && return 1
	"$SYSSHIM" stat --json "$1/recording" | python3 "$SRC/tests/lib/recordings.py" "$1/stats"
}
export -f to_logs

every=every settings="-E SYSSHIM_LOG=%F/recording -E SYSSHIM_LOG_FORMAT=binary -E SYSSHIM_INTERCEPT=rewrite-all,interpose -E SYSSHIM_DISPATCH=always"
arguments="--logs %F/logs" prepare='to_logs "$folder"'
. "$SRC/tests/lib/strace_commands.sh"
