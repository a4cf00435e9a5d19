#!/bin/bash
# Calls that the table has no name for are each a row of its own, by its number as in the log, and those behind the table are one, `other`: in the
# summary, in stat, in diff, in the report and in top. JSON has no key twice.
set -u
. "$SRC/tests/lib/lib.sh"
cat >program.c <<'C'
#include <unistd.h>

int main(int argc, char **argv)
{
	alarm(60);
	while (argc > 1)
		syscall(400);
	for (int i = 0; i < 5; i++)
		syscall(i < 2 ? 400 : 401);
	syscall(600);
	syscall(700);
	return 0;
}
C
cc -w -o program program.c || skip "no compiler"
"$SYSSHIM" run -q --record=nothing -- true
"$SYSSHIM" run --record=recording -- ./program 2>summary || fail "status $?: $(cat summary)"
"$SYSSHIM" run -q --record=again --json --stats=counters -- ./program || fail "status $?"
"$SYSSHIM" stat recording >stat
"$SYSSHIM" stat --json recording >stat.json
"$SYSSHIM" diff nothing recording >diff
"$SYSSHIM" diff --json nothing recording >diff.json
"$SYSSHIM" report recording >report
for said in summary stat diff; do
	[ "$(grep -cE ' (syscall_0x190|syscall_0x191|other)$' "$said")" = 3 ] || fail "$said: $(cat "$said")"
done
[ "$(grep -oE '<code>(syscall_0x190|syscall_0x191|other)</code>' report | sort -u | wc -l)" = 3 ] || fail "report: $(grep '<code>' report)"
python3 - <<'P' || fail "see above"
import json

def once(pairs):
    assert len(dict(pairs)) == len(pairs), [key for key, _ in pairs]
    return dict(pairs)

lines = {name: [json.loads(line, object_pairs_hook=once) for line in open(name) if line.strip()] for name in ("counters", "stat.json", "diff.json")}
wanted = {"syscall_0x190": (2, 2), "syscall_0x191": (3, 3), "other": (2, 2)}
for name in "counters", "stat.json":
    calls = lines[name][0]["calls"]
    assert {call: (calls[call]["calls"], calls[call]["errors"]) for call in wanted} == wanted, (name, calls)
calls = {line["call"]: line["b"]["calls"] for line in lines["diff.json"] if "call" in line}
assert {call: calls[call] for call in wanted} == {call: count for call, (count, _) in wanted.items()}, calls
P
# the name is one that -e takes
"$SYSSHIM" trace -e trace=syscall_0x190 recording >trace 2>/dev/null && [ "$(grep -c ' syscall_0x190(' trace)" = 2 ] && [ "$(wc -l <trace)" = 3 ] ||
	fail "trace -e: $(cat trace)"
"$SYSSHIM" run -q -e trace=syscall_0x191 --record=one -- ./program && "$SYSSHIM" stat one >stat && [ "$(grep -cE ' syscall_0x19.$' stat)" = 1 ] || fail "run -e: $(cat stat)"
# what takes most of a running program's time
"$SYSSHIM" run -q --record=runs -- ./program on 2>/dev/null &
running=$!
trap 'kill $running 2>/dev/null' EXIT
for form in "" --json; do
	for _ in $(seq 100); do
		"$SYSSHIM" top $form -n 1 runs >top 2>/dev/null && grep -qE 'program: syscall_0x190: |"busiest":"syscall_0x190"' top && continue 2
		sleep 0.1
	done
	fail "top $form: $(cat top)"
done
exit 0
