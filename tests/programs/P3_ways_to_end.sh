#!/bin/bash
# timeout: 120
# However a process ends, its summary stands in the file once and complete: with what atexit functions, destructors and stdio's flush did
# after our own destructor's turn. So does the log, which ends with one line that says how.
set -u
. "$SRC/tests/lib/lib.sh"

# check WAY STRICT FOLDER END...: one summary of each process, of which the first counts every line of "late"; END: what it says of the end
check() {
	python3 - "$@" <<'PYTHON'
import glob, json, os, re, sys
way, strict, folder, ends = sys.argv[1], sys.argv[2] == "strict", sys.argv[3], sys.argv[4:]
rows = [(name, line) for name in glob.glob("stats.*") for line in open(name)]
wanted = 2 if way == "after_fork" else 1
if not rows and not strict:
    sys.exit(0)
assert len(rows) == wanted, f"{len(rows)} summaries, not {wanted}: {rows}"
rows = [json.loads(line) for _, line in rows]
first = max(rows, key=lambda row: row["calls"].get("pwrite64", {}).get("calls", 0))
lines = os.path.getsize(f"{folder}/late") // 16
counted = first["calls"]["pwrite64"]
if strict:
    assert counted["calls"] == lines, f"{lines} lines in the file, {counted} in the summary"
    assert counted["bytes"] == 16 * lines, counted
    assert first["end"] in ends, (first["end"], ends)
    # 40 small writes with each line; stdio's own flush, where there is one, is a write too
    flushed = first["calls"]["write"]["calls"] - 40 * lines
    assert 0 <= flushed <= 2, f"{lines} lines, {first['calls']['write']}"
    late = open(f"{folder}/late").read()
    # stdio's own flush comes after the last atexit function and is counted too; close_all has closed its descriptor before
    if "last destructor" in late:
        assert flushed >= 1, "stdio's flush is missing"
    assert sum("pid" in row for row in rows) == wanted and len({row["pid"] for row in rows}) == wanted, rows
else:
    # the names alone are seen: what comes after our destructor may be missing, but nothing is counted that was not made
    assert 2 <= counted["calls"] <= lines, (counted, lines)
for log in glob.glob("log.*"):
    notes = re.findall(r"\+\+\+ (.*) \+\+\+", open(log, errors="replace").read())
    assert len(notes) <= 1 and (notes or not strict), f"{log}: {notes}"
PYTHON
}

# run WAY END...
run() {
	local way=$1 status mode
	shift
	rm -rf native
	mkdir native
	(cd native && timeout 20 "$PROGRAM" "$way" >../native.out 2>../native.err) 2>/dev/null
	status=$?
	[ $status -ne 124 ] && [ $status -ne 99 ] && [ -s native/late ] || fail "$way: natively status $status"
	for mode in rewrite log interpose; do
		rm -rf shim stats.* log.*
		mkdir shim
		local settings=("SYSSHIM_STATS=$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json) strict=strict
		[ $mode = log ] && settings+=("SYSSHIM_LOG=$PWD/log.%p")
		[ $mode = interpose ] && settings+=(SYSSHIM_INTERCEPT=interpose) strict=loose
		# an instruction of the program's own is seen only by dispatch
		[ "$way" = inline ] && strict=loose
		(cd shim && timeout 20 env LD_PRELOAD="$SHIM" "${settings[@]}" "$PROGRAM" "$way" >../shim.out 2>../shim.err) 2>/dev/null
		[ $? -eq $status ] || fail "$way, $mode: another status than $status: $(cat shim.err)"
		diff native.out shim.out && diff native.err shim.err && diff -r native shim || fail "$way, $mode: differs"
		check "$way" $strict shim "$@" || fail "$way, $mode: the summary or the log is not right: $(cat stats.* 2>/dev/null)"
	done
}

run return "exit status 7"
run exit "exit status 7"
run _exit "exit status 7"
run _Exit "exit status 7"
run quick_exit "exit status 7"
run abort "killed by SIGABRT"
run abort_caught "killed by SIGABRT"
run signal "killed by SIGTERM"
run exit_group "exit status 7"
run exit_of_one "exit status 7"
run inline "exit status 7"
run exit_in_atexit "exit status 8"
run _exit_in_destructor "exit status 9"
run close_all "exit status 7"
run exit_in_handler "exit status 7"
run exit_in_thread "exit status 7"
run threads_wait "exit status 7"
run pthread_exit "exit status 0"
run after_fork "exit status 7"
exit 0
