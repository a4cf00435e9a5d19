#!/bin/bash
# SYSSHIM_LOG_FORMAT=json: a valid object a line for each call of the text log, straight from the shim, whatever bytes stand in paths.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.py <<'PY'
import os, subprocess, sys, threading
names = [b"plain", b'quo"te', b"back\\slash", b"new\nline", b"\xff\xfe", b") = 3", "ümlaut".encode(), b"\x7f\x01", b"a/" * 2040 + b"end"]
for name in names:
    try:
        os.close(os.open(name, os.O_RDONLY))
    except OSError:
        pass
threads = [threading.Thread(target=lambda: [os.stat(b"/") for _ in range(200)]) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit(subprocess.call(["/bin/bash", "-c", "for ((i = 0; i < 500; i++)); do echo; done >out; exec /bin/sh -c 'exit 3'"]))
PY
for format in text json; do
	mkdir $format
	(cd $format && shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/log.%p" SYSSHIM_LOG_FORMAT=$format python3 ../program.py)
	[ $? = 3 ] || fail "$format: the exit status is not the program's"
done
[ "$(wc -c <json/out)" = 500 ] || fail "bytes are missing"
python3 - <<'PY' || fail "see above"
import collections, glob, json, re, sys
lines = [json.loads(line) for path in glob.glob("json/log.*") for line in open(path, "rb").read().decode("utf-8").splitlines()]
wanted = {"call", "pid", "tid", "start_ns", "duration_ns", "result", "errno", "args", "path", "coalesced", "count"}
for line in lines:
    assert set(line) - {"unfinished", "cut"} == wanted, line
    assert isinstance(line["start_ns"], int) and line["start_ns"] > 1600000000 * 10**9 and line["count"] == 1, line
paths = {line["path"] for line in lines if line["call"] == "openat"}
for path in ("plain", 'quo"te', "back\\slash", "new\nline", "\xff\xfe", ") = 3", "ümlaut", "\x7f\x01", "a/" * 2040 + "end"):
    assert path in paths, path
assert [line for line in lines if line["path"] == ") = 3"][0]["args"] == 'AT_FDCWD, ") = 3", O_RDONLY|O_CLOEXEC'
assert [line for line in lines if line["path"] == "plain"][0]["errno"] == "ENOENT"
assert len([line for line in lines if line["coalesced"]]) > 400
execs = [line for line in lines if line["call"] == "execve" and line["result"] == 0]
assert len(execs) == 1 and execs[0]["args"] is None, execs
assert all(line["result"] is None for line in lines if line["call"] == "exit_group")
assert len({line["tid"] for line in lines if line["call"] == "newfstatat"}) >= 4
text = [line for path in glob.glob("text/log.*") for line in open(path, errors="surrogateescape")]
def counts_of_text():
    for line in text:
        if re.match(r"\d+ [0-9.]+ \w+\(", line) and not line.split()[2].startswith("execve"):
            yield re.match(r"\d+ [0-9.]+ (\w+)\(", line)[1]
# Which thread waits for which lock, and who grows the heap, is not the same in two runs.
varies = {"futex", "mprotect", "brk", "mmap", "munmap", "madvise", "execve", "sched_yield", "getrandom"}
a = collections.Counter(name for name in counts_of_text() if name not in varies)
b = collections.Counter(line["call"] for line in lines if line["call"] not in varies)
assert a == b, (a - b, b - a)
print(len(lines), "lines")
PY

# With data, to stderr, cut where it is too long.
SYSSHIM_STATS=off SYSSHIM_LOG=- SYSSHIM_LOG_FORMAT=json SYSSHIM_DATA=4096 env LD_PRELOAD="$SHIM" python3 -c 'import os
os.write(os.open("f", os.O_WRONLY | os.O_CREAT), b"\"\\\n" * 1300)
os.writev(os.open("f", os.O_WRONLY), [b"\"\0" * 2000] * 100)' 2>err
python3 -c 'import json, sys
lines = [json.loads(line) for line in open("err")]
whole = [line for line in lines if line["call"] == "write" and line["result"] == 3900]
assert len(whole) == 1 and whole[0]["args"].count("\\\"") == 1300, whole
cut = [line for line in lines if line["call"] == "writev"]
assert len(cut) == 1 and cut[0]["result"] == 400000, cut' || fail "with data: $(cut -c1-300 err | tail -n 3)"
SYSSHIM_LOG_FORMAT=xml shimmed true 2>err
grep -q 'SYSSHIM_LOG_FORMAT=xml: allowed is binary, text, json' err || fail "a wrong format: $(cat err)"

# The last lines are there however the program ends, and whatever is chosen.
for trace in openat '!exit_group'; do
	for format in text json; do
		shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/last.$format" SYSSHIM_LOG_FORMAT=$format SYSSHIM_TRACE="$trace" ls / >/dev/null || fail "$trace, $format: exit status $?"
		grep -c 'openat' last.$format >opens.$format
		rm last.$format
	done
	[ "$(cat opens.text)" -gt 0 ] && cmp opens.text opens.json || fail "$trace: $(cat opens.text) lines as text, $(cat opens.json) as JSON"
done
for signal in KILL TERM SEGV; do
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/last" SYSSHIM_LOG_FORMAT=json sh -c "cat /dev/null; kill -$signal \$\$" 2>/dev/null
	grep -q '"call":"wait4"' last || fail "SIG$signal: the lines before the kill are missing: $(tail -n 1 last)"
	rm -f last last.*
done
exit 0
