#!/bin/bash
# timeout: 200
# A debugger that has stopped a program in its batch's write, where it is most likely to, has it call functions: they give their results, nothing is written twice, nothing
# that they write is lost, and the program goes on.
set -u
. "$SRC/tests/lib/lib.sh"

command -v gdb >/dev/null || skip "no gdb"
gdb -nx -batch -ex 'python print(6 * 7)' 2>/dev/null | grep -q 42 || skip "this gdb has no python"

cat >burst.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int file;
char aside[] = "the debugger's\n", large[3000];

int main(void)
{
	char line[64];

	memset(large, '.', sizeof large);
	large[sizeof large - 1] = '\n';
	file = open("lines", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 20000; i++) {
		int size = sprintf(line, "line %d\n", i);
		if (write(file, line, size) != size)
			return 1;
		if (i % 2000 == 1999 && write(file, large, sizeof large) != sizeof large)
			return 2;
	}
	return close(file);
}
C
cc -g -O1 -o burst burst.c || fail "it does not compile"

cat >calls.py <<'P'
import gdb, os

for command in ("set pagination off", "set debuginfod enabled off", "set exec-wrapper env " + os.environ["VARIABLES"], "handle SIGSYS nostop noprint pass",
                "catch syscall write writev"):
    gdb.execute(command)
codes = []
gdb.events.exited.connect(lambda event: codes.append(getattr(event, "exit_code", None)))
gdb.execute("run")
calls, stops = [], 0
while not codes:
    stops += 1
    if stops > int(os.environ["STOPS"]):
        gdb.execute("delete")
    elif int(gdb.parse_and_eval("(long)$rax")) > 2999:  # behind a batch, or a large write
        gdb.execute("disable")
        for call in ("(int)close(77)", "(int)getppid() > 1", "(int)write(file, aside, 15)", "(int)access(\"/\", 0)"):
            calls.append(int(gdb.parse_and_eval(call)))
        gdb.execute("enable")
    gdb.execute("continue")
with open("said", "w") as out:
    print("exit code", codes[0], file=out)
    print(*sorted(set(calls)), file=out)
    print("stops" if len(calls) >= 4 * 10 else f"{len(calls) / 4} stops only", file=out)
P

# run VARIABLES STOPS: in a folder of its own, under gdb, which looks at so many writes at most
run() {
	rm -rf there
	mkdir there
	(cd there && VARIABLES="$1" STOPS="$2" timeout 60 gdb -nx -batch -x ../calls.py ../burst </dev/null >out 2>err)
}

mkdir native
(cd native && ../burst)
# each line is a write
run A=B 100
[ -s there/said ] || skip "gdb cannot run programs here: $(tail -n 1 there/err)"
# gdb 13 writes more of AMX's registers than a processor that has them takes back.
gdb -nx -batch -ex "set debuginfod enabled off" -ex "break main" -ex run -ex "print (int)getppid() > 1" native/../burst >called 2>&1 </dev/null
grep -q '^\$1 = 1$' called || skip "gdb cannot call functions here: $(tail -n 1 called)"
for variables in SYSSHIM_LOG=off "XDG_STATE_HOME=$PWD/state" "SYSSHIM_LOG=$PWD/log.%p" "SYSSHIM_LOG=off SYSSHIM_BUFFER=4096"; do
	run "LD_PRELOAD=$SHIM SYSSHIM_STATS=off $variables" 10000
	[ "$(tr '\n' ' ' <there/said 2>/dev/null)" = "exit code 0 -1 0 1 15 stops " ] || fail "$variables: $(cat there/said 2>/dev/null; tail -n 4 there/out there/err)"
	grep -v "^the debugger's" there/lines | cmp - native/lines || fail "$variables: the file is another"
	[ "$(grep -c "^the debugger's" there/lines)" -ge 10 ] || fail "$variables: what the debugger has written is not there"
done
exit 0
