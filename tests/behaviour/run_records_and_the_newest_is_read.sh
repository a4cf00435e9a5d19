#!/bin/bash
# sysshim run records into the state folder, or where it is told to; trace, stat, files and show read the newest without an argument; the oldest
# beyond sixteen are taken away. What cannot be recorded runs all the same.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state
recordings=$XDG_STATE_HOME/sysshim/recordings
run() { "$SYSSHIM" run "$@"; }

"$SYSSHIM" trace >out 2>err && fail "a trace of nothing succeeds"
[ $? -eq 2 ] || [ "$(wc -l <err)" -eq 1 ] && grep -q 'there is no recording yet' err || fail "no recording: $(cat err)"

# children, an exec, a failed open; and what the four commands say of it
echo some >input
run -q sh -c 'cat input; cat nowhere; exit 3' >out 2>err
[ $? -eq 3 ] && [ "$(cat out)" = some ] && [ "$(grep -c nowhere err)" -eq 1 ] || fail "status, output: $(cat out err)"
[ "$(ls "$recordings" | wc -l)" -eq 1 ] && [ "$(stat -c %a "$recordings"/*)" = 700 ] && [ "$(stat -c %a "$recordings"/*/*.rec | sort -u)" = 600 ] ||
	fail "the recording: $(ls -lR "$recordings")"
"$SYSSHIM" files >out || fail "files: status $?"
grep -qE "^r +1 +0 +$PWD/input\$" out && grep -qE "^- +0 +1 ENOENT +$PWD/nowhere\$" out && grep -qE '^x +.* /(usr/)?bin/cat$' out && tail -n 1 out | grep -q '^coverage: 3 processes' ||
	fail "files: $(cat out)"
"$SYSSHIM" files -0 --only-missing 2>/dev/null | tr '\0' '\n' | grep -qx "$PWD/nowhere" || fail "files -0 --only-missing"
"$SYSSHIM" files --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
row = next(r for r in rows if r.get("path", "").endswith("/input"))
assert (row["given"], row["access"], row["opens"], row["failed"], row["read_bytes"]) == ("input", "r", 1, 0, 5), row
assert rows[-1]["coverage"]["processes"] == 3, rows[-1]' || fail "files --json"
"$SYSSHIM" trace -e trace=openat -Z -P nowhere >out 2>err && [ "$(grep -c openat out)" -eq 1 ] && grep -q '"nowhere", O_RDONLY) = -1 ENOENT (No such file or directory) <0' out ||
	fail "trace: $(cat out)"
"$SYSSHIM" trace | grep -q '+++ exited with 3 +++' || fail "trace: no end"
"$SYSSHIM" trace --json -P input | python3 -c '
import json, sys
row = json.loads(sys.stdin.readline())
assert row["call"] == "openat" and row["path"] == "input" and row["errno"] is None and row["result"] >= 3 and row["count"] == 1, row
assert row["start_ns"] > 1.6e18 and row["duration_ns"] > 0 and not row["coalesced"] and "O_RDONLY" in row["args"], row' || fail "trace --json"
"$SYSSHIM" trace --min-duration=1000s | grep -c '(' | grep -qx 0 && [ "$("$SYSSHIM" trace --min-duration=0s | wc -l)" -gt 50 ] && "$SYSSHIM" stat --min-duration=1ns >out && grep -q ' openat$' out || fail "--min-duration"
"$SYSSHIM" stat -S calls >out && grep -qE ' [0-9]+ +[0-9]* openat$' out && tail -n 1 out | grep -q '^coverage: ' || fail "stat: $(cat out)"
"$SYSSHIM" show | grep -q " sh -c 'cat input; cat nowhere; exit 3'\$" || fail "show: $("$SYSSHIM" show)"
"$SYSSHIM" show --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert {tuple(r["arguments"]) for r in rows[:-1]} >= {("cat", "input"), ("cat", "nowhere")}, rows' || fail "show --json"

# what of the environment was kept: what changes how a program is loaded, and no secret
SECRET=hush LC_ALL=C run -q env TZ=UTC cat input >/dev/null
"$SYSSHIM" show -v >out && grep -qx '    LC_ALL=C' out && grep -qx '    TZ=UTC' out && grep -q "^    LD_PRELOAD=$SHIM" out || fail "show -v: $(cat out)"
grep -q 'hush\|SYSSHIM_RECORDING' out && fail "show -v shows too much: $(cat out)"
"$SYSSHIM" show | grep -q 'LC_ALL' && fail "show without -v shows the environment"

# a vfork child's exec stands in its parent's file: it has succeeded when there is a file of its own
run -q dash -c '/bin/true; :' && "$SYSSHIM" trace >out 2>/dev/null && grep -q 'execve("/bin/true", \["/bin/true"\], 0x[0-9a-f]* /\* [0-9]* vars \*/) = 0$' out ||
	fail "an exec of a vfork child: $(grep execve out)"

# counts and sizes of what was gathered
run -q bash -c 'for ((i = 0; i < 5000; i++)); do echo $i; done >lines'
"$SYSSHIM" stat --json | python3 -c '
import json, sys
whole = json.load(sys.stdin)
write = whole["calls"]["write"]
assert write["calls"] == 5000 and 4900 < write["coalesced"] <= 5000 and write["bytes"] == 23890, write
assert whole["write_sizes"]["0-100"] == 5000 and whole["batches"]["writes"] == write["coalesced"], whole' || fail "stat of a burst: $("$SYSSHIM" stat)"
"$SYSSHIM" stat >out && grep -qE "^advice +99 % of 5000 writes are of at most 100 bytes; 4[0-9]{3} of them were gathered$|^advice +100 % of 5000 writes" out &&
	grep -qE "^ +0 read +23890 written +1 open   $PWD/lines$" out || fail "stat: advice, bytes by file: $(cat out)"
"$SYSSHIM" stat >out && grep -qE '^ended by +([a-z0-9_]+ [0-9]+(, )?)+$' out || fail "stat: why batches ended: $(cat out)"
"$SYSSHIM" stat --by=program >out && grep -qE '^[0-9]+ bash: [0-9]+ records, exited with 0$' out && grep -qE ' 5000 +write$' out || fail "stat --by=program: $(cat out)"
"$SYSSHIM" stat --by=program --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert rows[0]["program"] == "bash" and rows[0]["calls"]["write"]["calls"] == 5000 and rows[0]["end"] == "exited" and sum(rows[0]["batches"]["ended_by"].values()) == rows[0]["batches"]["count"], rows
assert rows[-1]["coverage"]["kernel"]["reads"] == rows[-1]["coverage"]["kernel"]["counted_reads"], rows[-1]
assert rows[-1]["coverage"]["kernel"]["writes"] == rows[-1]["coverage"]["kernel"]["counted_writes"] > 0, rows[-1]' || fail "stat --by=program --json"
"$SYSSHIM" stat --by=file --json | python3 -c '
import json, sys
rows = {row.get("path", "")[-6:]: row for row in map(json.loads, sys.stdin)}
assert rows["/lines"]["writes"] == 5000 and rows["/lines"]["written_bytes"] == 23890 and rows["/lines"]["write_sizes"]["0-100"] == 5000, rows' || fail "stat --by=file --json"
"$SYSSHIM" stat --by=file | grep -A1 "^$PWD/lines: 1 open, 0 reads of 0 bytes, 5000 writes of 23890 bytes$" | grep -qx '    bytes a write  0-100: 5000' || fail "stat --by=file: $("$SYSSHIM" stat --by=file)"
"$SYSSHIM" stat --by=file -P /nowhere >out 2>err
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q -- '-p alone would do' err || fail "stat --by=file takes a filter that it does not know: $(cat out err)"
"$SYSSHIM" stat -e trace=close | grep -q 'bytes by file' && fail "stat -e shows what is not chosen"
"$SYSSHIM" stat | grep -q 'bytes by file' || fail "stat does not show bytes by file"
# what says that a file is at its end is a read
echo text >short && "$SYSSHIM" run -q --record=to_the_end -- python3 -c 'import os; short = os.open("short", os.O_RDONLY); [os.read(short, 100) for _ in range(3)]' &&
	"$SYSSHIM" stat --by=file to_the_end | grep -A1 "^$PWD/short: 1 open, 3 reads of 5 bytes, 0 writes of 0 bytes$" | grep -qx '    bytes a read   0-100: 3' || fail "stat --by=file: $("$SYSSHIM" stat --by=file to_the_end | grep short)"
# and what copies, when it finds that end, is no write
"$SYSSHIM" run -q --record=copies -- python3 -c 'import os; short, copy = os.open("short", os.O_RDONLY), os.open("copy", os.O_WRONLY | os.O_CREAT); [os.sendfile(copy, short, None, 100) for _ in range(2)]' &&
	"$SYSSHIM" stat --by=file copies >out && grep -q "^$PWD/short: 1 open, 2 reads of 5 bytes, 0 writes" out && grep -q "^$PWD/copy: 1 open, 0 reads of 0 bytes, 1 write of 5 bytes$" out || fail "stat --by=file of copies: $(grep -E 'short|copy' out)"
"$SYSSHIM" stat -e trace=sendfile copies >out && grep -qx 'bytes a read   0-100: 2' out && grep -qx 'bytes a write  0-100: 1' out || fail "stat of copies: $(grep bytes out)"
# the same to report's tiles, and to top, while it runs
"$SYSSHIM" run -q -e trace=sendfile,clone,pause --record=copying -- python3 -c 'import os, signal; short, copy = os.open("short", os.O_RDONLY), os.open("copy", os.O_WRONLY | os.O_CREAT); os.sendfile(copy, short, None, 100); os.close(os.open("copied", os.O_CREAT)); signal.pause()' &
for _ in $(seq 200); do [ -e copied ] && break; sleep 0.05; done
"$SYSSHIM" top --json -n 1 copying >out
kill $! && wait $!
grep -q '"read_bytes":5,"written_bytes":5,' out || fail "top of copies: $(cat out)"
"$SYSSHIM" report -o page copying && grep -q '<b>5 B</b><span>read</span>' page && grep -q '<b>5 B</b><span>written</span>' page || fail "report of copies: $(grep -E 'read|written' page | head -n 3)"
"$SYSSHIM" run -q --record=bytes_of_none -- true && "$SYSSHIM" stat bytes_of_none | grep 'bytes by file' && fail "stat has a heading without a file below"
"$SYSSHIM" trace --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert sum(r["count"] for r in rows if r.get("coalesced")) > 4900 and sum(r.get("coalesced", False) for r in rows) < 20' || fail "trace --json of a burst"

# one recording for a run in a run; a folder of one's own; text where it is asked for; none
count=$(ls "$recordings" | wc -l)
run -q "$SYSSHIM" run -q cat input >/dev/null && [ "$(ls "$recordings" | wc -l)" -eq $((count + 1)) ] || fail "a run in a run"
run -q --record=mine cat input >/dev/null && "$SYSSHIM" files mine | grep -q input || fail "--record"
mkdir 'per%cent' && run -q --record='per%cent/%p' cat input >/dev/null && [ -n "$(ls 'per%cent/%p')" ] || fail "a percent sign: $(ls -R per*)"
run -q -o text cat input >/dev/null && grep -q openat text && [ "$(ls "$recordings" | wc -l)" -eq $((count + 1)) ] || fail "-o"
run -q --record=off cat input >/dev/null && [ "$(ls "$recordings" | wc -l)" -eq $((count + 1)) ] || fail "--record=off"
# options win over variables, those of a run around it too
run -q --record=outer -- "$SYSSHIM" run -q --record=inner -- cat input >out && [ "$(cat out)" = some ] && "$SYSSHIM" files inner | grep -q "$PWD/input" || fail "--record in a run with --record"
"$SYSSHIM" files outer | grep -q "$PWD/input" && fail "what has a recording of its own is in the outer one as well"
# its only program was executed by a process that stands in the outer one
"$SYSSHIM" show inner | grep -q '^coverage: 1 process, 1 program;' || fail "how many processes: $("$SYSSHIM" show inner)"
SYSSHIM_LOG=off run -q --record=over cat input >/dev/null && "$SYSSHIM" files over | grep -q "$PWD/input" || fail "--record, and SYSSHIM_LOG=off"
run -q -- "$SYSSHIM" run -q -o text_in cat input >/dev/null && grep -q openat text_in || fail "-o in a run: $(ls -ld text_in)"
run --record=mine -o text cat input >out 2>err && fail "two logs at once"
[ $? -eq 2 ] || [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || fail "two logs at once: $(cat err)"

# seventeen: the oldest goes, what somebody else put there stays
for i in $(seq 20); do run -q true; done
[ "$(ls "$recordings" | wc -l)" -le 16 ] && "$SYSSHIM" show | grep -q ' true$' || fail "kept: $(ls "$recordings")"

# the command is observed itself: not its own recording is the newest
run -q cat input >/dev/null && "$SYSSHIM" files >out && env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off "$SYSSHIM" files >observed && cmp out observed || fail "observed it reads: $(cat observed)"

# a folder that may not be read, by root without the right to read all
mkdir -m 0 closed
without_rights=""
[ "$(id -u)" -ne 0 ] || without_rights="setpriv --bounding-set=-dac_override,-dac_read_search"
if $without_rights true; then
	$without_rights "$SYSSHIM" files closed >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(cat err)" = 'sysshim files: closed: Permission denied' ] || fail "a folder that may not be read: $(cat out err)"
fi

# nowhere to record
touch file
XDG_STATE_HOME=$PWD/file run -q cat input >out 2>err && [ "$(cat out)" = some ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'nothing is recorded: .*Not a directory; a folder' err ||
	fail "a file for a state folder: $(cat out err)"
run -q --record=file cat input >out 2>err && [ "$(cat out)" = some ] && [ "$(wc -l <err)" -eq 1 ] || fail "--record=file: $(cat out err)"
(unset HOME XDG_STATE_HOME && run -q cat input >out 2>err) && [ "$(cat out)" = some ] && [ "$(wc -l <err)" -eq 1 ] || fail "no home: $(cat out err)"

# patterns: on recording and on reading
run -q -e 'trace=/^open,/stat$' cat input >/dev/null && "$SYSSHIM" trace 2>/dev/null | grep -oE ' [a-z_0-9]+\(' | sort -u | tr -d ' (\n' | grep -qxE '(fstat|newfstatat|openat|stat)+' ||
	fail "run -e /regex: $("$SYSSHIM" trace | head -n 5)"
"$SYSSHIM" trace -e '!/^open' 2>/dev/null | grep -q ' openat(' && fail "trace -e !/regex"
"$SYSSHIM" trace -e t=openat,0 2>/dev/null | grep -oE ' [a-z_0-9]+\(' | sort -u | tr -d ' (\n' | grep -qxE 'openat(read)?' || fail "trace -e t=openat,0"
"$SYSSHIM" trace -e '/^opena' 2>/dev/null | grep -q ' openat(' || fail "trace -e /regex"

# a command line that is longer than what is kept of it
for last in 100 1500; do
	# shellcheck disable=SC2046
	run -q --record=long.$last true $(seq $last) || fail "$last arguments: status $?"
	[ $last = 100 ] && whole=true || whole=false
	"$SYSSHIM" show long.$last | sed -n 2p | grep -q '\.\.\.$' && [ $whole = true ] && fail "show: $("$SYSSHIM" show long.$last)"
	"$SYSSHIM" show --json long.$last | grep -q "\"arguments_cut\":$([ $whole = true ] && echo false || echo true)" || fail "show --json: $("$SYSSHIM" show --json long.$last)"
	"$SYSSHIM" report long.$last | grep -q '\.\.\.</h1>' && [ $whole = true ] && fail "report: it is whole"
done
"$SYSSHIM" show long.1500 | sed -n 2p | grep -q '\.\.\.$' && "$SYSSHIM" report long.1500 | grep -q '\.\.\.</h1>' || fail "nothing is said of what is missing: $("$SYSSHIM" show long.1500)"

# the files with most bytes, and how many more there are
for i in $(seq 15); do echo "$i" >"few.$i"; done
run -q --record=few cat few.* >out || fail "cat: status $?"
"$SYSSHIM" stat few | sed -n '/^bytes by file/,/^$/p' >most
more=$(sed -nE 's/^ +\.\.\. and ([0-9]+) more \(sysshim stat --by=file\)$/\1/p' most)
all=$("$SYSSHIM" stat --by=file --json few | grep -vc '"read_bytes":0,"written_bytes":0,\|^{"coverage"')
[ "$(grep -c ' written ' most)" = 10 ] && [ "${more:-0}" -ge 5 ] && [ $((10 + more)) = "$all" ] || fail "$all files: $(cat most)"

# wrong usage: one line each
for words in "trace -e /(" "trace -e /no_such" "run -e /no_such true" "trace -e trace=nothing" "trace -e quiet=all" "trace -e status=unfinished" "run -e quiet=all true" "stat -e inject=read:error=EIO" "run -p 1" "trace --min-duration=long" "trace -p x" "trace -p 4294967297" "trace a b" "stat -S colour" "stat --by=colour" "files -p 0" "show a b"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $words >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || fail "$words: $(cat out err)"
done
"$SYSSHIM" trace -e quiet=all 2>&1 | grep -q 'only trace=SET, ' || fail "another of strace's qualifiers is taken for a name"
exit 0
