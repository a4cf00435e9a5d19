#!/bin/bash
# Programs that could not be followed are named with the reason behind the audit; with --strict they are a finding.
set -u
. "$SRC/tests/lib/lib.sh"

printf 'int main(void) { return 0; }\n' >nothing.c
cc -static -o static nothing.c 2>cc.err || skip "no static libc: $(head -n 1 cc.err)"
cc -o plain nothing.c || fail "it does not compile"
"$SYSSHIM" run -q --record=r -- bash -c './static; ./static; ./plain; true' || fail "exit status $?"
"$SYSSHIM" files r >out || fail "files: exit status $?"
grep -q "^not followed: $PWD/static (static), 2 times\$" out || fail "the static program is not named: $(tail -n 3 out)"
grep -q "^not followed: .*plain" out && fail "a program that was followed is named: $(tail -n 3 out)"
"$SYSSHIM" files --json r | tail -n 1 | python3 -c '
import json, os, sys
gaps = json.load(sys.stdin)
assert gaps["not_followed"] == [{"path": os.getcwd() + "/static", "why": "static", "times": 2}], gaps' || fail "not in the JSON"
"$SYSSHIM" files --strict r >out
[ $? = 1 ] || fail "--strict does not mind a gap"
"$SYSSHIM" files --format=fsatrace r 2>/dev/null | grep -qxF "r|$PWD/static" || fail "fsatrace does not know that the static program was executed"
"$SYSSHIM" run -q --record=whole -- bash -c './plain; true' && "$SYSSHIM" files --strict whole >out || fail "--strict minds what is whole: $(tail -n 2 out)"
"$SYSSHIM" run -q --follow=off --record=alone -- bash -c './plain; true' && "$SYSSHIM" files alone | grep -q "^not followed: $PWD/plain (SYSSHIM_FOLLOW=off)" ||
	fail "--follow=off is no reason"
if "$SYSSHIM" run -q --trace-static --record=traced -- ./static 2>err && "$SYSSHIM" files --json traced | tail -n 1 | grep -q '"traced":1'; then
	"$SYSSHIM" files --strict traced >out || fail "--strict minds a program that was followed by ptrace: $(cat out)"
	[ "$("$SYSSHIM" files --format=fsatrace traced 2>/dev/null)" = "r|$PWD/static" ] || fail "fsatrace of a program that was followed by ptrace"
else
	echo "--trace-static: not tested: $(cat err)"
fi
