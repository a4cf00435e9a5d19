#!/bin/bash
# A fork is counted once, with its time, in the parent: a child that forks itself has no more time for its forks than they took, and stat's sum is
# that of the records.
set -u
. "$SRC/tests/lib/lib.sh"
cat >program.c <<'C'
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 4 && !fork(); i++)
		;
	wait(NULL);
	return 0;
}
C
cc -w -o program program.c || skip "no compiler"
"$SYSSHIM" run -q --record=recording -- ./program || fail "status $?"
"$SYSSHIM" trace --json recording >trace && "$SYSSHIM" stat --by=program --json recording >stat || fail "nothing to read"
python3 - <<'P' || fail "see above"
import collections, json

recorded = collections.Counter()
for line in open("trace"):
    call = json.loads(line)
    if call.get("call") in ("clone", "fork") and call["result"]:
        recorded[call["pid"]] += call["duration_ns"]
counted = {}
for line in open("stat"):
    program = json.loads(line)
    for call in ("clone", "fork"):
        if call in program.get("calls", {}):
            counted[program["pid"]] = program["calls"][call]["nanoseconds"]
assert len(recorded) == 4 and recorded == counted, (dict(recorded), counted)
P
