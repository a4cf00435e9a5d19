#!/bin/bash
# timeout: 120
# With a log that was asked for, in every form: handlers and alternate stacks of programs with threads, process 1 of a namespace, and a signal that cannot be queued again.
set -u
. "$SRC/tests/lib/lib.sh"

here=$PWD
for what in handlers stacks pending first; do
	[ $what != first ] || unshare -p true 2>/dev/null || skip "no pid namespaces here"
	for log in "SYSSHIM_LOG=$here/recording SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$here/log" "SYSSHIM_LOG=$here/log.json SYSSHIM_LOG_FORMAT=json"; do
		rm -rf "$what".* recording log log.json
		# shellcheck disable=SC2086
		same_run $what $log -- timeout 60 sh -c '"$0" "$1"; exit $?' "$PROGRAM" $what
	done
	case $what in
	handlers) grep -q '^10000 signals taken' $what.native.out ;;
	stacks) grep -q '^recovered' $what.native.out ;;
	first) grep -q '^it ended with 1792' $what.native.out ;;
	pending) [ "$(cat $what.native.status)" -gt 128 ] ;;
	esac || fail "$what, natively: $(cat $what.native.status $what.native.out)"
done
exit 0
