#!/bin/bash
# A SYSSHIM_ name that is not in the table may be a slip of the pen: one line that names it and the nearest known one, and everything else as
# without it. Names that only begin in a similar way are nobody's business.
set -u
. "$SRC/tests/lib/lib.sh"

# unknown NAME NEAREST
unknown() {
	shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json "$1=x" sh -c 'echo out; exit 7' >out 2>err
	[ $? -eq 7 ] && [ "$(cat out)" = out ] || fail "$1: the program does not run as natively"
	[ "$(wc -l <err)" -eq 1 ] || fail "$1: not one line: $(cat err)"
	grep '^sysshim: ' err | grep -w -- "$1" | grep -qw -- "$2" || fail "$1: the line does not name it and $2: $(cat err)"
	grep -q '"program":"' stats || fail "$1: it is not counted any more"
	rm stats
}

unknown SYSSHIM_LOGG SYSSHIM_LOG
unknown SYSSHIM_TRACES SYSSHIM_TRACE
unknown SYSSHIM_FOLOW SYSSHIM_FOLLOW
unknown SYSSHIM_STAT SYSSHIM_STATS
unknown SYSSHIM_INTERCPET SYSSHIM_INTERCEPT

# a name without end, and one that is only the prefix: a line, whatever is the nearest
for name in SYSSHIM_ "SYSSHIM_$(printf 'N%.0s' {1..5000})"; do
	shimmed SYSSHIM_STATS=off "$name=x" sh -c 'exit 7' 2>err
	[ $? -eq 7 ] && [ "$(wc -l <err)" -eq 1 ] || fail "${name:0:20}: $(cut -c1-300 err)"
done
for name in SYSSHIMLOG MY_SYSSHIM_LOG SYSSHIM sysshim_log; do
	shimmed SYSSHIM_STATS=off "$name=x" sh -c 'exit 7' 2>err
	[ $? -eq 7 ] && [ ! -s err ] || fail "$name: $(cat err)"
done
exit 0
