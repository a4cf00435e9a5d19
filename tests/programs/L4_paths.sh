#!/bin/bash
# Paths with newlines, escapes, quotes, broken UTF-8 and the greatest length stand in the log as strace writes them, byte for byte; and
# the JSON summary of a program that is itself named so is valid.
set -u
. "$SRC/tests/lib/lib.sh"

command -v strace >/dev/null || skip "no strace"
mkdir native shim traced
(cd native && "$PROGRAM" >../native.out 2>../native.err) || fail "it fails natively"
(cd traced && strace -o ../traced.log "$PROGRAM" >../traced.out 2>../traced.err) ||
	skip "strace does not work here: $(tail -n 1 traced.err)"
(cd shim && shimmed SYSSHIM_LOG="$PWD/../shim.log" SYSSHIM_STATS=off "$PROGRAM" >../shim.out 2>../shim.err) || fail "it fails under the shim"
cmp native.out shim.out && cmp native.err shim.err && diff -r native shim || fail "the run differs: $(cat shim.err)"

python3 - traced.log shim.log <<'PYTHON' || fail "the log is not as strace's"
import difflib, re, sys
# both: name(args) = result, from the calls whose path has our mark; ours has pid and time in front and the duration behind
def calls(name, pattern):
    for line in open(name, "rb").read().split(b"\n"):
        found = re.fullmatch(pattern, line)
        # what is asked here is the paths: strace's own spacing before " = " depends on its column
        if found and b"L4" in found[1] and not found[1].startswith((b"execve(", b"write(")):
            call = re.sub(rb"\) += ", b") = ", found[1])
            # a stat's structure is another matter: there only what leads up to the path's end counts
            prefix = re.match(rb'(newfstatat)\([^"]*"(\\.|[^"\\])*"(\.\.\.)?', call)
            yield (prefix[0] if prefix else call).decode("latin-1")
traced = list(calls(sys.argv[1], rb"(\w+\(.*\) += .*)"))
ours = list(calls(sys.argv[2], rb"\d+ +\d+\.\d+ (\w+\(.*\) += .*?)(?: <\d+\.\d+>)?"))
assert len(traced) > 200, f"only {len(traced)} calls in strace's log"
for line in list(difflib.unified_diff(traced, ours, "strace", "ours", lineterm="", n=0))[:24]:
    print(line if len(line) < 300 else f"{line[:150]} ... {len(line)}")
sys.exit(traced != ours)
PYTHON

# the program itself is named so: executable file, argv[0], comm (the kernel's name of it, its first 15 bytes)
number=0
for name in $'quote"back\\slash' $'new\nline' $'esc\033[31m' $'bad\xff\xfe\xc3utf8' $'caf\xc3\xa9' '%n%p%%' "it's <&>" $'\x7f\x80\x01'; do
	number=$((number + 1))
	mkdir "named.$number"
	cp "$PROGRAM" "named.$number/$name"
	(cd "named.$number" && mkdir work && cd work && (exec -a $'argv "0" \xff\n' env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/../log.%p" \
		SYSSHIM_STATS="$PWD/../stats.%p.json" SYSSHIM_STATS_FORMAT=json "../$name" >../out 2>../err)) || fail "it fails when named $name"
	cmp native.out "named.$number/out" && [ ! -s "named.$number/err" ] || fail "named $name: $(cat "named.$number/err")"
	python3 - "$name" named.$number/stats.*.json <<'PYTHON' || fail "named $name: the summary is not right: $(cat "named.$number"/stats.*)"
import json, os, sys
name, files = os.fsencode(sys.argv[1]), sys.argv[2:]
assert len(files) == 1, files
text = open(files[0], "rb").read()
assert text.count(b"\n") == 1 and text.endswith(b"\n"), "not one line"
assert not any(byte < 32 for byte in text[:-1]), "a control character stands in it"
row = json.loads(text.decode("utf-8", "strict"))
try:
    assert row["program"] == name.decode("utf-8"), row["program"]
except UnicodeDecodeError:
    # JSON has no way to say such bytes: what is asked is that the readable ones are still there
    for letters in (b"bad", b"utf8"):
        assert letters not in name or letters.decode() in row["program"], row["program"]
PYTHON
done
# %n puts the name into a path: as it is, but never as a folder
mkdir "n" && shimmed SYSSHIM_STATS="$PWD/n/s.%n" SYSSHIM_STATS_FORMAT=json "named.2/"$'new\nline' >/dev/null 2>&1
[ -n "$(ls -A n)" ] || fail "%n: no summary was written"
exit 0
