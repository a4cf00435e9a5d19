#!/bin/bash
# timeout: 120
# sysshim diff says which files were opened, found or written in one of two recordings alone or in another way, which calls were made more often, and how the programs
# ended; of two equal runs nothing, and status 0.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state LC_ALL=C
echo text >stays && echo text >goes && echo text >changes && echo text >is_lost
cat >program <<'P'
while read -r line; do :; done <"$1/stays"
while read -r line; do :; done <"$1/$2"
while read -r line; do :; done <"$1/is_lost"
test -e "$1/only_named_$2"
if [ "$4" ]; then echo more >>"$1/changes"; else echo more >"$1/changes"; fi
for ((i = 0; i < $3; i++)); do test -e "$1/a"; done
exit $5
P

"$SYSSHIM" diff >out 2>err
[ $? -eq 2 ] && [ ! -s out ] && grep -q 'not two recordings yet' err || fail "without recordings: $(cat out err)"
"$SYSSHIM" run -q --record=one -- bash program "$PWD" goes 10 '' 0 2>/dev/null
"$SYSSHIM" run -q --record=same -- bash program "$PWD" goes 10 '' 0 2>/dev/null
mv is_lost found && echo text >comes
"$SYSSHIM" run -q --record=two -- bash program "$PWD" comes 1000 append 3 2>/dev/null

"$SYSSHIM" diff one same >out 2>err || fail "equal runs: status $?: $(cat out err)"
grep -E '^[-+~] ' out && fail "equal runs differ: $(cat out)"
"$SYSSHIM" diff one two >out 2>err
[ $? -eq 1 ] && [ ! -s err ] || fail "status, or said: $(cat err)"
grep -E '^[-+~] ' out >paths
diff - paths >difference <<P || fail "other paths: $(cat difference)"
~ wct -> wca $PWD/changes
+ r $PWD/comes
- r $PWD/goes
~ r -> ENOENT $PWD/is_lost
P
grep -qE '^--- one: bash, exited with 0 after ' out && grep -qE '^\+\+\+ two: bash, exited with 3 after ' out || fail "ends: $(cat out)"
grep -E ' newfstatat$' out | awk '$2 - $1 >= 990 && $4 - $3 == 990 { found = 1 } END { exit !found }' || fail "calls: $(grep newfstatat out)"
[ "$(grep -cE '^[AB] coverage: ' out)" = 2 ] || fail "what was not seen: $(cat out)"
"$SYSSHIM" diff --all one two | grep -E 'only_named' >named
diff - named >difference <<P || fail "--all: $(cat difference)"
+ ENOENT $PWD/only_named_comes
- ENOENT $PWD/only_named_goes
P
[ "$("$SYSSHIM" diff -P '*/comes' one two | grep -cE '^[-+~] ')" = 1 ] || fail "-P: $("$SYSSHIM" diff -P '*/comes' one two)"
[ "$("$SYSSHIM" diff --not='*/comes' --not='*/goes' one two | grep -cE '^[-+~] ')" = 2 ] || fail "--not"
"$SYSSHIM" diff --json one two >lines
python3 - "$PWD" <<'P' || fail "see above"
import json, sys
lines = [json.loads(line) for line in open("lines")]
paths = {line["path"].rsplit("/", 1)[1]: line for line in lines if "path" in line}
assert sorted(paths) == ["changes", "comes", "goes", "is_lost"], paths
assert paths["comes"]["a"] is None and paths["goes"]["b"] is None and paths["comes"]["b"]["read_bytes"] == 5, paths
assert paths["is_lost"]["b"]["errno"] == "ENOENT" and paths["is_lost"]["b"]["failed"] == 1 and paths["changes"]["b"]["written_bytes"] == 5, paths
calls = {line["call"]: line for line in lines if "call" in line}
assert calls["newfstatat"]["b"]["errors"] - calls["newfstatat"]["a"]["errors"] == 990, calls
last = lines[-1]
assert (last["a"]["status"], last["b"]["status"], last["a"]["program"], last["b"]["recording"]) == (0, 3, "bash", "two") and last["a"]["coverage"]["programs"] == 1, last
P

# Without names: the newest, and the one before.
"$SYSSHIM" run -q -- bash program "$PWD" goes 10 '' 0 2>/dev/null
"$SYSSHIM" run -q -- bash program "$PWD" comes 10 '' 0 2>/dev/null
"$SYSSHIM" diff >out
[ $? -eq 1 ] && grep -q "^+ r $PWD/comes$" out && grep -q "^- r $PWD/goes$" out || fail "the newest two: $(cat out)"
"$SYSSHIM" diff two | grep -q "^--- two: " || fail "one with the newest"

# What is wrong is one line.
says() {
	"$SYSSHIM" diff "${@:2}" >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$1" err || fail "diff ${*:2}: $(cat out err)"
}
says "two recordings, not also 'three'" one two three
says nowhere one nowhere
says "no such option" -x one two
"$SYSSHIM" diff one two >/dev/full 2>err
[ $? -eq 125 ] && grep -q 'No space left' err || fail "a full disk: $? $(cat err)"
