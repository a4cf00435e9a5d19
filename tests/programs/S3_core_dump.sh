#!/bin/bash
# timeout: 200
# A program that dies by a fault, abort, a stack overflow or a kill leaves the core that it natively leaves, with every byte written: gdb finds the
# program's own frames on top, or below abort's, with their variables. Frames of ours may stand among them where the kernel was entered or a
# signal from outside was passed on.
set -u
. "$SRC/tests/lib/lib.sh"

command -v gdb >/dev/null || skip "no gdb"
pattern=$(cat /proc/sys/kernel/core_pattern)
case $pattern in
core | core.%p) ;;
*) skip "cores do not come into the working folder here: core_pattern is $pattern" ;;
esac
ulimit -c unlimited 2>/dev/null || skip "no core may be written here"
cc -g -O1 -fno-optimize-sibling-calls -o program "$SRC/tests/programs/S3_core_dump.c" 2>/dev/null || fail "it does not compile"

# dumped NAME WAY COMMAND...: the core's frames in NAME.frames, the innermost first
dumped() {
	local name=$1 way=$2
	shift 2
	mkdir "$name"
	if [ "$way" = killed ]; then
		(cd "$name" && exec "$@" ../program killed lines) &
		until [ "$(tail -n 1 "$name/lines" 2>/dev/null)" = "line 499" ]; do sleep 0.02; done
		kill -QUIT $!
		wait $!
	else
		(cd "$name" && exec "$@" ../program "$way" lines)
	fi
	status=$?
	core=$(find "$name" -name 'core*')
	[ -n "$core" ] || return 1
	gdb -nx -batch -ex bt -ex 'p lines_written' -ex 'frame function dies' -ex 'p seen_by_debugger == 4711' program "$core" >"$name.gdb" 2>"$name.gdb.err" </dev/null
	rm -f "$core"
	echo "status $status, $(md5sum <"$name/lines")" >"$name.frames"
	# ours are known by their source or by the shared object; how deep an overflow is does not matter
	sed -n '/ at shim\/\|libsysshim/d; s/^#[0-9]* *\(0x[0-9a-f]* in \)\?\([^ ]*\) .*/\2/p; /^\$/p; /<signal handler called>/p; /^Program terminated/p' "$name.gdb" | uniq >>"$name.frames"
}

for way in fault abort divides overflow killed; do
	dumped $way.native $way env 2>/dev/null || skip "$way: no core is left natively (status $status)"
	dumped $way.shim $way env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS="$PWD/$way.stats" SYSSHIM_STATS_FORMAT=json 2>/dev/null ||
		fail "$way: no core is left (status $status)"
	grep -q '^dies$' $way.native.frames && grep -q '^main$' $way.native.frames && grep -q '= 500$' $way.native.frames ||
		fail "$way: natively gdb finds less: $(cat $way.native.frames $way.native.gdb.err)"
	# the kill was caught, passed on, and kills in our handler
	[ $way != killed ] || sed -i '/signal handler called/d' $way.shim.frames
	diff $way.native.frames $way.shim.frames || fail "$way: the core differs: $(cat $way.shim.gdb)"
done
coalesced killed.stats fault.stats abort.stats

# Where cores hold mapped files as well they are no longer by what a recording or a log could yet hold.
for settings in "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$PWD/log"; do
	rm -rf all
	mkdir all
	(echo 0x7f >/proc/self/coredump_filter && cd all && shimmed $settings SYSSHIM_STATS=off ../program abort lines) 2>/dev/null
	size=$(find all -name 'core*' -printf '%s\n')
	[ "${size:-0}" -gt 0 ] && [ "$size" -lt 33554432 ] || fail "$settings: a core of '$size' bytes"
done
exit 0
