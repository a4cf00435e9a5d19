#!/bin/bash
# A libc that is newer than the kernel headers the shim was built with makes calls that these do not name (glibc 2.39: fchmodat2 for a file's mode): they are in the log and in
# the audit all the same.
set -u
. "$SRC/tests/lib/lib.sh"

command -v cc >/dev/null || skip "no compiler"
cat >newer.c <<'C_'
#define _GNU_SOURCE
#include <unistd.h>
int main(void)
{
	syscall(452, -100, "file", 0600, 0);
	syscall(468, -100, "missing", 0, 0, 0);
	return 0;
}
C_
cc -o newer newer.c || fail "it does not compile"
touch file
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./newer || fail "status $?"
"$SYSSHIM" trace recording >trace 2>/dev/null
grep -q 'fchmodat2(AT_FDCWD, "file", 0600, 0)' trace || fail "no fchmodat2: $(cat trace)"
grep -q 'file_getattr(AT_FDCWD, "missing", ' trace || fail "no file_getattr: $(cat trace)"
"$SYSSHIM" files --all recording >files 2>/dev/null
grep -q "$PWD/missing" files || fail "file_getattr's path is not in the audit: $(cat files)"
exit 0
