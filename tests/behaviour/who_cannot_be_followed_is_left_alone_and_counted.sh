#!/bin/bash
# A program that the shim cannot follow sees nothing of it and is counted: where the shim's file is out of reach, what is executed by a descriptor that only
# names its file, what may be executed and not be read; and the coverage counts over all programs of the recording.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

# A library need not be marked as what may be executed.
mkdir reach && cp "$SHIM" reach/libsysshim.so && chmod 644 reach/libsysshim.so
cat >moves <<'S'
mv reach away
/bin/echo one; env | grep -cE '^(SYSSHIM_|LD_PRELOAD)'; sh -c 'exec /bin/echo two'
mv away reach
/bin/echo three
S
env LD_PRELOAD="$PWD/reach/libsysshim.so" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/moved.recording" SYSSHIM_LOG_FORMAT=binary bash -c '. ./moves; :' >out 2>err || fail "status $?"
[ ! -s err ] || fail "the program's stderr has $(head -n 2 err)"
# its own SYSSHIM_STATS, _LOG and _LOG_FORMAT
[ "$(cat out)" = "$(printf 'one\n3\ntwo\nthree')" ] || fail "stdout: $(cat out)"
"$SYSSHIM" files moved.recording >files.out 2>&1
grep -q 'not followed: /bin/echo (the shim is out of reach there)' files.out || fail "not said: $(grep 'not followed' files.out)"
grep -q '/bin/echo' files.out || fail "three is not there"

cat >prints.c <<'C'
#include <stdio.h>

extern char **environ;

int main(void)
{
	for (char **e = environ; *e; e++)
		puts(*e);
}
C
gcc -static -O1 -o prints prints.c || fail "no static program"
cat >by_path.py <<'P'
import os
os.execve(os.open("./prints", os.O_PATH | os.O_CLOEXEC), ["x"], {"A": "1"})
P
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/by_path.recording" SYSSHIM_LOG_FORMAT=binary python3 by_path.py >out || fail "status $?"
[ "$(cat out)" = A=1 ] || fail "a static program by O_PATH sees $(cat out)"
"$SYSSHIM" files by_path.recording 2>&1 | grep -q 'not followed: .*(static)' || fail "by O_PATH: not counted"

# ld.so as a program loads us
loader=$(ldd /bin/ls | grep -o '/[^ ]*ld-linux[^ ]*' | head -n 1)
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/loader.recording" SYSSHIM_LOG_FORMAT=binary bash -c "$loader /bin/ls / >/dev/null; :" || fail "status $?"
"$SYSSHIM" files loader.recording >out 2>&1
grep -q 'not followed' out && fail "ld.so: $(grep 'not followed' out)"
grep -q 'coverage: 2 processes, 3 programs' out || fail "ld.so: $(grep -o 'coverage: [^;]*' out)"

cat >once <<'S'
./prints >/dev/null; ./prints >/dev/null; ./prints >/dev/null; true
S
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/many.recording" SYSSHIM_LOG_FORMAT=binary bash -c 'bash once; bash once; bash once; ./prints >/dev/null; true' || fail "status $?"
"$SYSSHIM" trace many.recording 2>&1 >/dev/null | grep -q '10 programs static' || fail "of 10: $("$SYSSHIM" trace many.recording 2>&1 >/dev/null | grep -o '[0-9]* programs* static')"

[ "$(id -u)" = 0 ] || skip "a program that may not be read can be asked by root only; the rest has passed"
gcc -O1 -o secret prints.c && chmod 4711 secret && chmod 755 .
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG=off setpriv --reuid=65534 --regid=65534 --clear-groups env -i A=1 ./secret >out || fail "status $?"
[ "$(cat out)" = A=1 ] || fail "a set-user-id program that may not be read sees $(cat out)"
