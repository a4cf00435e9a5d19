#!/bin/bash
# timeout: 200
# Full chunks of a recording, and lines of a log, are written by a descriptor that is there for a moment, and only where nobody can see its number: not where there is a thread, or a process with
# the same table. Where none can be had the chunks go where they belong all the same; another file in the place of the recording is left alone, and no limit on a file's size kills.
set -u
. "$SRC/tests/lib/lib.sh"

cc -O1 -pthread -o program "$SRC/tests/programs/P4_descriptor_of_a_moment.c" || fail "it does not compile"
command -v strace >/dev/null && strace -f -o strace.probe true 2>/dev/null && traces=yes
case $(stat -f -c %T .) in ext2/ext3 | tmpfs | xfs) ;; *) traces= ;; esac
for how in alone thread shared full small moved; do
	export SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$how" SYSSHIM_LOG_FORMAT=binary
	env LD_PRELOAD="$SHIM" ./program $how "$PWD/$how" </dev/zero >out 2>err || fail "$how: status $?: $(cat err)"
	grep -qx "$how: 0 strange numbers" out || fail "$(cat out)"
	if [ $how = moved ]; then
		(cd moved && md5sum -c --quiet ../before) || fail "the file in the recording's place was written"
		for f in moved/*.away; do mv "$f" "${f%.away}"; done
	fi
	# where the file cannot grow the oldest are overwritten, or there is no place, which is said
	[ $how = small ] || [ $how = moved ] || "$SYSSHIM" stat --json "$how" 2>/dev/null | python3 -c 'import json, sys; sys.exit(json.loads(sys.stdin.readline())["calls"]["lseek"]["recorded"] < 60000)' ||
		fail "$how: records are missing: $("$SYSSHIM" stat "$how" 2>&1 | grep -E "lseek|coverage")"
	[ "${traces:-}" ] || continue
	rm -rf "$how"
	strace -f -qq -e trace=pwrite64 -e signal=none -o traced env LD_PRELOAD="$SHIM" ./program $how "$PWD/$how" </dev/zero >out 2>err
	written=$(grep -c 'pwrite64(.* 32768, ' traced)
	case $how in
	alone) [ "$written" -gt 50 ] || fail "alone: only $written chunks were written by a descriptor" ;;
	thread | shared | full) [ "$written" -eq 0 ] || fail "$how: $written chunks were written by a descriptor" ;;
	esac
done
# lines
for how in alone thread shared full small moved; do
	mkdir "$how.lines"
	export SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$how.lines/log" SYSSHIM_LOG_FORMAT=text
	env LD_PRELOAD="$SHIM" ./program $how "$PWD/$how.lines" lines </dev/zero >out 2>err || fail "lines, $how: status $?: $(cat err)"
	grep -qx "$how: 0 strange numbers" out || fail "lines: $(cat out)"
	reads=$(cat "$how".lines/log | grep -cE ' (read\(0, |<\.\.\. read resumed>).*, 1\) += 1 <')
	case $how in
	moved)
		(cd moved.lines && md5sum -c --quiet ../before) || fail "the file in the log's place was written"
		;;
	small) [ "$(stat -c %s small.lines/log)" -le $((150 << 10)) ] && [ "$reads" -gt 1000 ] || fail "small: $reads lines, $(tail -n 1 small.lines/log)" ;;
	*) [ "$reads" = 3000 ] || fail "lines, $how: $reads: $(tail -n 3 "$how.lines/log")" ;;
	esac
	[ "${traces:-}" ] || continue
	rm -r "$how.lines" && mkdir "$how.lines"
	strace -f -qq -e trace=pwrite64 -e signal=none -o traced env LD_PRELOAD="$SHIM" ./program $how "$PWD/$how.lines" lines </dev/zero >out 2>err
	written=$(grep -c 'pwrite64([0-9]*, ", ' traced)
	case $how in
	alone) [ "$written" -gt 2500 ] || fail "lines, alone: only $written were written by a descriptor" ;;
	thread | shared | full) [ "$written" -lt 3 ] || fail "lines, $how: $written were written by a descriptor" ;;
	esac
done
[ "${traces:-}" ] || skip "no strace, or this file system's close may wait: whether there was a descriptor was not seen"
exit 0
