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
# Behind a filter of its own the path of an exec is read by nobody; that a program was executed which makes no recording is said all the same, once it was executed.
cc -o filtered "$SRC/tests/lib/filtered.c" || fail "it does not compile"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" run -q -- ./filtered ./plain
status=$?
[ $status -eq 77 ] && { echo "a filter: not tested"; exit 0; }
[ $status -eq 0 ] || fail "behind a filter: exit status $status"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" files >out || fail "files: exit status $?"
grep -qx 'not followed: a program behind a seccomp filter, of a path that could not be read (it left no recording)' out || fail "a program behind a filter is not named: $(tail -n 2 out)"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" files --strict >out && fail "--strict does not mind a program behind a filter"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" files --json | tail -n 1 | grep -qF '"not_followed":[{"path":null,"why":"it left no recording","times":1}]' || fail "a program behind a filter is not in the JSON"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" show >out 2>&1
grep -q 'went on as another program' out && ! grep -q 'without an end' out || fail "a program that has executed another one behind a filter is running, or killed: $(cat out)"
"$SYSSHIM" run -q --record=named -- ./filtered ./plain && "$SYSSHIM" files named >out && ! grep '^not followed' out || fail "a program behind a filter has made its recording: $(tail -n 2 out)"
"$SYSSHIM" run -q --record=failed -- ./filtered ./no/such/program
[ $? -eq 78 ] || fail "an exec that fails behind a filter does not"
"$SYSSHIM" files failed >out
grep '^not followed' out && fail "an exec that has failed is one: $(tail -n 2 out)"
# Two children that borrow memory there, whose calls nobody tells from their parent's.
cat >spawns.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};
	pid_t child;

	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	for (int i = 0; i < 2; i++)
		if (posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ) || waitpid(child, NULL, 0) != child)
			return 1;
	return 0;
}
C
cc -o spawns spawns.c || fail "it does not compile"
XDG_STATE_HOME=$PWD/spawned "$SYSSHIM" run -q -- ./spawns ./plain && XDG_STATE_HOME=$PWD/spawned "$SYSSHIM" files >out || fail "spawns: exit status $?"
grep -qx 'not followed: a program behind a seccomp filter, .* (it left no recording), 2 times' out || fail "spawned programs behind a filter are not named: $(tail -n 2 out)"
"$SYSSHIM" run -q --record=spawning -- ./spawns ./plain && "$SYSSHIM" files spawning >out && ! grep '^not followed' out || fail "spawned programs have made their recordings: $(tail -n 2 out)"
XDG_STATE_HOME=$PWD/spawned "$SYSSHIM" show | grep -A 1 'spawns' | grep -q 'exited with 0' || fail "who has spawned has not ended: $("$SYSSHIM" show spawning)"
exit 0
