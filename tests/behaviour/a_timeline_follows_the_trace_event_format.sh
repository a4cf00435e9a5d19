#!/bin/bash
# `sysshim trace --format=chrome` is what Perfetto and chrome://tracing read: the fields and types that the Trace Event Format asks for, times that
# do not run backwards within a thread, every call once, names of processes; calls that never ended are open.
set -u
. "$SRC/tests/lib/lib.sh"

cat >check.py <<'P'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
rows = [json.loads(line) for line in open(sys.argv[2])]
phases, ends = {}, {}
for e in events:
    phases[e["ph"]] = phases.get(e["ph"], 0) + 1
    assert type(e["pid"]) is int and type(e["tid"]) is int and isinstance(e["name"], str) and e["name"], e
    assert isinstance(e["ts"], float) and e["ts"] >= 0 and isinstance(e.get("args", {}), dict), e
    if e["ph"] == "X":
        assert isinstance(e["dur"], float) and e["dur"] >= 0, e
    elif e["ph"] == "i":
        assert e["s"] in ("t", "p", "g"), e
    elif e["ph"] == "M":
        assert e["name"] == "process_name" and isinstance(e["args"]["name"], str), e
    else:
        assert e["ph"] == "B", e
calls = sum(r.get("count", 0) for r in rows if "call" in r and not r.get("unfinished"))
assert phases["X"] == calls, (phases, calls)
assert phases.get("B", 0) == sum(r.get("unfinished", False) for r in rows) >= 1, phases
assert phases.get("i", 0) >= 1, phases
assert {"bash", "sleep", "cat"} <= {e["args"]["name"] for e in events if e["ph"] == "M"}
assert any(e["name"] == "execve" and e["args"]["call"].startswith('execve("') and e["args"]["call"].endswith("= 0") for e in events if e["ph"] == "X")
# calls of a thread are made one after the other, or in a handler of a signal that came within one: never half in it
for tid in {e["tid"] for e in events}:
    open_spans = []
    spans = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X" and e["tid"] == tid and e["cat"] == "syscall" and e["name"] != "execve"]
    for start, end in sorted(spans, key=lambda s: (s[0], -s[1])):
        while open_spans and open_spans[-1] <= start + 0.002:
            open_spans.pop()
        assert not open_spans or end <= open_spans[-1] + 0.002, (tid, open_spans, start, end)
        open_spans.append(end)
P
printf 'a "quoted"\nname\377' >"$(printf 'odd "name\n\377')"
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off SYSSHIM_TRACE=all \
	bash -c 'for i in {1..300}; do echo $i; done >lines; cat odd*; sleep 30 & sleep 0.2; kill -9 $!; wait' >out 2>err
"$SYSSHIM" trace --format=chrome -o timeline recording && "$SYSSHIM" trace --json -o rows recording || fail "trace: status $?"
python3 check.py timeline rows || exit 1
"$SYSSHIM" trace --format=nonsense recording >out 2>err
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'text, json or chrome' err || fail "wrong format: $(cat err)"
