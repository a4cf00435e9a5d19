#!/bin/bash
# doc/json.md and doc/counters.md list each key that a JSON form prints, under the form's own heading, and none that is not printed.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir folder && cd folder || fail "no folder"
echo 'int main(void) { return 0; }' >static.c && cc -static -o static static.c || skip "no static program can be linked"
cat >work.py <<'P'
import os, subprocess, threading
out = os.open("out", os.O_WRONLY | os.O_CREAT)
for _ in range(200):
    os.write(out, b"line\n")
os.write(out, b"x" * 5000)
os.read(os.open("out", os.O_RDONLY), 100)
subprocess.run(["./static"])
os.writev(out, [b"\"\0" * 2000] * 100)
threading.Thread(target=lambda: None).start()
for _ in range(200):
    os.write(out, b"line\n")
os.kill(os.getpid(), 15)
P

# A recording with a call that was injected, one that has not come back, a program that could not be followed, batches and a signal.
"$SYSSHIM" run -q --record=recording --inject=fsync:error=EIO -- bash -c 'python3 work.py; sync out; sleep 60 & sleep 0.5; kill -9 $!' >said 2>&1
mkdir forms
"$SYSSHIM" trace --json recording >"forms/sysshim trace --json" || fail "trace"
"$SYSSHIM" trace --format=chrome recording >"forms/sysshim trace --format=chrome" || fail "trace --format=chrome"
"$SYSSHIM" files --all --json recording >"forms/sysshim files --json" || fail "files"
"$SYSSHIM" stat --json recording >"forms/sysshim stat --json" || fail "stat"
"$SYSSHIM" stat --by=program --json recording >"forms/sysshim stat --by=program --json" || fail "stat --by=program"
"$SYSSHIM" stat --by=file --json recording >"forms/sysshim stat --by=file --json" || fail "stat --by=file"
"$SYSSHIM" show --json recording >"forms/sysshim show --json" || fail "show"
"$SYSSHIM" run -q --record=short -- cat /etc/hostname nowhere >said 2>&1
"$SYSSHIM" diff --json recording short >"forms/sysshim diff --json"
"$SYSSHIM" run -q --record=runs -- sh -c 'sleep 60 & wait' >said 2>&1 &
for _ in $(seq 100); do
	"$SYSSHIM" top --json -n 1 runs >"forms/sysshim top --json" 2>said && grep -q '"since_ns":[0-9]' "forms/sysshim top --json" && break
	sleep 0.1
done
kill %1
"$SYSSHIM" doctor --json --sites "$PWD/static" >"forms/sysshim doctor --json"
SYSSHIM_STATS="$PWD/forms/counters" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/log" SYSSHIM_LOG_FORMAT=json SYSSHIM_DATA=4096 env LD_PRELOAD="$SHIM" python3 work.py >said 2>&1
cat log >>"forms/sysshim trace --json"
mkdir copied && (cd copied && "$SYSSHIM" run --verify --json -- sh -c 'grep -c libsysshim /proc/self/maps; date +%N >stamp; echo x >"'"$PWD"'/outside"' </dev/null >"../forms/sysshim run --verify --json")

python3 - "$SRC/doc" <<'P' || fail "see above"
import json, os, re, sys
doc, forms = sys.argv[1], "forms"
# Objects whose members have names of other things.
MAPS = re.compile(r"^(calls|read_sizes|write_sizes|batches\.ended_by|batches\.not_coalesced)\.[^.]+(?=\.|$)")
WORDS = {"calls": "NAME", "read_sizes": "RANGE", "write_sizes": "RANGE", "batches.ended_by": "WORD", "batches.not_coalesced": "WORDS"}
# Which headings describe a form beside its own.
ALSO = {"sysshim trace --json": ["coverage"], "sysshim files --json": ["coverage", "The last line of files"], "sysshim stat --json": ["coverage"],
        "sysshim stat --by=program --json": ["sysshim stat --json", "coverage"], "sysshim stat --by=file --json": ["coverage"], "sysshim show --json": ["coverage"], "sysshim top --json": ["coverage"]}

def keys_of(path):
    headings, heading = {}, ""
    for line in open(path, encoding="utf-8"):
        if line.startswith("## "):
            heading = line[3:].strip()
        if line.startswith("| `"):
            headings.setdefault(heading, []).extend(re.findall(r"`([^`]+)`", line.split("|")[1]))
    return headings

def flat(value, before=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{before}.{key.replace('.', '_')}" if before else key)
        return
    if isinstance(value, list):
        for inner in value:
            yield from flat(inner, before + "[]")
        value or (yield before + "[]")
        return
    found = MAPS.match(before)
    yield f"{found[1]}.{WORDS[found[1]]}{before[found.end():]}" if found else before

def printed(form):
    text = open(os.path.join(forms, form), encoding="utf-8").read()
    lines = [text] if form.endswith("chrome") else [line for line in text.splitlines() if line.strip("\0 ")]
    keys = {key for line in lines for key in flat(json.loads(line))}
    # Of an array of objects that was empty once.
    return {key for key in keys if not (key.endswith("[]") and any(other.startswith(key + ".") for other in keys))}

listed = keys_of(os.path.join(doc, "json.md"))
listed["counters"] = [key for key in keys_of(os.path.join(doc, "counters.md"))[""] if key not in ("calls.other", "calls.syscall_0x...")]
wrong = []
assert set(os.listdir(forms)) - {"counters"} | {"coverage", "The last line of files", "counters"} == set(listed), (os.listdir(forms), list(listed))
for form in sorted(os.listdir(forms)):
    keys = printed(form)
    if form.endswith("chrome"):
        keys = {key for key in keys if not key.startswith("metadata.coverage.")}
    if "diff" in form: # each side has what an audit's last line has
        others = listed["coverage"] + listed["The last line of files"]
        keys = {key for key in keys if not any(other == key[2:] or other.startswith(key[2:] + ".") for other in others)}
    known = {key for heading in [form, *ALSO.get(form, [])] for key in listed[heading]}
    # What stands in one form of a program's object and not in another is said at the heading.
    absent = {"version"} if "by=program" in form else set()
    wrong += [f"{form}: {key} is printed and not listed" for key in sorted(keys - known)]
    wrong += [f"{form}: {key} is listed and not printed" for key in sorted(known - absent - keys)]
print("\n".join(wrong))
sys.exit(bool(wrong))
P
