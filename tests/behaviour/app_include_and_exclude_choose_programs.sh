#!/bin/bash
# SYSSHIM_APP_INCLUDE and SYSSHIM_APP_EXCLUDE: globs of program names, separated by commas. A program that is not observed leaves nothing,
# and its children are asked again.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir records elsewhere
# observed NAME=VALUE...: the programs that left counters and a log, sorted
observed() {
	rm -f records/*
	shimmed "$@" SYSSHIM_STATS="$PWD/records/%p.stats" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/records/%p.log" \
		sh -c '/bin/true; /usr/bin/env /bin/cat /dev/null; /bin/true; exit 7' >out 2>err
	[ $? -eq 7 ] && [ ! -s out ] && [ ! -s err ] || fail "$*: not as natively: $(cat out err)"
	[ "$(ls records/*.stats 2>/dev/null | wc -l)" -eq "$(ls records/*.log 2>/dev/null | wc -l)" ] || fail "$*: log and counters differ: $(ls records)"
	cat records/*.stats 2>/dev/null | sed -n 's/.*"program":"\([^"]*\)".*/\1/p' | sort -u | tr '\n' ' '
}

# expect PROGRAMS NAME=VALUE...
expect() {
	local wanted=$1 found
	shift
	found=$(observed "$@")
	[ "$found" = "$wanted" ] || fail "$*: observed were '$found', not '$wanted'"
}

shell=$(basename "$(command -v sh)")
expect "cat env $shell true " X=
expect "cat env $shell true " SYSSHIM_APP_INCLUDE=
expect "cat env $shell true " SYSSHIM_APP_EXCLUDE=
expect "cat env $shell true " SYSSHIM_APP_INCLUDE='*'
expect "true " SYSSHIM_APP_INCLUDE=true
expect "cat true " SYSSHIM_APP_INCLUDE=true,cat
expect "cat env true " SYSSHIM_APP_INCLUDE='tru?,*t,e*v'
expect "cat true " SYSSHIM_APP_EXCLUDE="env,$shell"
expect "cat env " SYSSHIM_APP_EXCLUDE="*s*,true"
expect "env " SYSSHIM_APP_INCLUDE='env,true' SYSSHIM_APP_EXCLUDE=true
expect "" SYSSHIM_APP_INCLUDE=nobody
# the name is the program's, not a path's part
expect "" SYSSHIM_APP_INCLUDE='/bin/true,bin'

# a relative path means the folder of the beginning, also when the first program is not observed
shimmed SYSSHIM_APP_EXCLUDE="$shell" SYSSHIM_STATS=records/relative.%n SYSSHIM_LOG=off sh -c 'cd elsewhere && /bin/true; exit 7' 2>err
[ $? -eq 7 ] && [ ! -s err ] || fail "a relative path: $(cat err)"
[ -s "$(echo records/relative.true*)" ] || fail "a relative path is taken from another folder: $(ls records elsewhere)"
exit 0
