# For drivers of tests: `. "$SRC/tests/lib/lib.sh"`. A driver runs in an empty folder of its own, with SHIM (the shared object), SYSSHIM (the
# command), BUILD, SRC, and PROGRAM (the compiled program of the driver's own name, where there is one). It ends with status 0: passed,
# 77: skipped, else failed; what it printed is shown then.

skip() {
	echo "$*"
	exit 77
}

fail() {
	echo "FAILED: $*"
	exit 1
}

# Skips where strace is not there, or may trace nobody.
need_strace() {
	command -v strace >/dev/null || skip "strace is not installed"
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

# shimmed [NAME=VALUE...] COMMAND...: the command with the shim preloaded, and without a log where none is named. Nothing else of the driver's
# own is.
shimmed() {
	env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off "$@"
}

# same_run NAME [NAME=VALUE...] -- COMMAND...: the command natively and under the shim with these settings, each in a folder of its own
# (NAME.native, NAME.shim). stdout, stderr, exit status and the files left are the same, or the test has failed. The outputs stay in
# NAME.native.out, .err, .status and NAME.shim.*.
same_run() {
	local name=$1 settings=() run
	shift
	while [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	shift
	mkdir "$name.native" "$name.shim" || fail "$name: no folders"
	(cd "$name.native" && "$@") >"$name.native.out" 2>"$name.native.err" </dev/null
	echo $? >"$name.native.status"
	(cd "$name.shim" && shimmed SYSSHIM_STATS=off ${settings[@]+"${settings[@]}"} "$@") >"$name.shim.out" 2>"$name.shim.err" </dev/null
	echo $? >"$name.shim.status"
	for run in status out err; do
		diff "$name.native.$run" "$name.shim.$run" || fail "$name: $run is not as without the shim"
	done
	diff -r "$name.native" "$name.shim" || fail "$name: the files are not as without the shim"
}

# coalesced FILE...: fails when the JSON counters in these files tell of no batch: then a test of bursts has tested nothing.
coalesced() {
	grep -qE '"batches":\{"count":[1-9]' "$@" || fail "no batch was made: $(grep -ho '"not_coalesced":{[^}]*}' "$@" | sort | uniq -c | head -3)"
}
