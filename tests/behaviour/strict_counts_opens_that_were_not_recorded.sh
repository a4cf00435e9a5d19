#!/bin/bash
# What was not to be recorded cannot pass an audit: `files --strict` finds it, and says why; `trace` and `stat` say that calls were not asked for.
set -u
. "$SRC/tests/lib/lib.sh"

audit() { # NAME STATUS [NAME=VALUE...] [OPTION...]: a recording that is made so passes `--strict` with this status
	local name=$1 expected=$2 settings=()
	shift 2
	while [ $# -gt 0 ] && [[ $1 == [A-Z]*=* ]]; do
		settings+=("$1")
		shift
	done
	env ${settings[@]+"${settings[@]}"} "$SYSSHIM" run -q --record="$PWD/$name" "$@" -- cat /etc/hostname >/dev/null || fail "$name: run: $?"
	"$SYSSHIM" files --strict --deny=/no/such/file "$name" >"$name.files"
	[ $? -eq "$expected" ] || fail "$name: not $expected: $(cat "$name.files")"
}

audit whole 0
audit audit 0 -e trace=audit
audit named 0 -e trace=%file
audit writes 1 -e trace=write
audit some 1 -e trace=openat
audit failed 1 -Z
audit excluded 1 SYSSHIM_PATH_EXCLUDE='/etc/*'
audit long 1 -e trace=audit --min-duration=1s
grep -q '^not seen: what 1 program opened and executed, because it was not recorded (SYSSHIM_TRACE)$' writes.files || fail "$(cat writes.files)"
grep -q 'not asked for' audit.files named.files && fail "an audit needs no more: $(cat audit.files)"
for command in trace stat; do
	"$SYSSHIM" $command some 2>&1 | grep -q '; calls that were not asked for in 1 of them (SYSSHIM_TRACE)' || fail "$command does not say it"
	"$SYSSHIM" $command whole 2>&1 | grep 'not asked for' && fail "$command says too much"
done
"$SYSSHIM" files --json some | tail -n 1 | grep -q '"narrowed":1,.*"opens_not_recorded":1' || fail "files --json does not say it"
exit 0
