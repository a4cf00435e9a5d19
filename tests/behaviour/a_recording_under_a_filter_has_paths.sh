#!/bin/bash
# Under a seccomp filter that stood before the program (every container has one) nothing of the program's memory may be read through the kernel: the
# paths of successful opens and of files that are not there are recorded all the same, the recording outgrows its first chunks, and what is
# missing is said.
set -u
. "$SRC/tests/lib/lib.sh"

cat >calls.c <<'C'
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("input", O_RDONLY);

	for (int i = 1; i <= 30000; i++)
		lseek(fd, i, SEEK_SET);
	return fd < 0 || open("nowhere", O_RDONLY) >= 0 || link("nowhere", "elsewhere") == 0;
}
C
cc -O1 -o filtered "$SRC/tests/lib/filtered.c" && cc -O1 -o calls calls.c || fail "it does not compile"
touch input
SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./filtered /usr/bin/env LD_PRELOAD="$SHIM" ./calls 2>err
status=$?
[ $status -eq 77 ] && skip "no filter can be installed here"
[ $status -eq 0 ] && [ ! -s err ] || fail "status $status: $(cat err)"
"$SYSSHIM" files recording >out || fail "files: status $?"
grep -qE "^r +1 +0 +$PWD/input\$" out && grep -qE "^- +0 +1 ENOENT +$PWD/nowhere\$" out && tail -n 1 out | grep -q 'the path of 1 call (under a seccomp filter' || fail "files: $(cat out)"
[ "$("$SYSSHIM" trace -e trace=lseek recording 2>/dev/null | grep -c SEEK_SET)" -eq 30000 ] || fail "calls are missing"
# The beginning of a call has no path, its end has: a line shows it, and is found by it.
"$SYSSHIM" trace recording >out 2>/dev/null
grep -q 'openat\?(.*"input", O_RDONLY) = [0-9]' out && grep -q 'openat\?(.*"nowhere", O_RDONLY) = -1 ENOENT' out || fail "trace: $(grep open out)"
"$SYSSHIM" trace -P input recording 2>/dev/null | grep -v '+++' >out
[ "$(wc -l <out)" -eq 1 ] && grep -q 'openat\?(.*"input", O_RDONLY) = [0-9]' out || fail "trace -P: $(cat out)"
# Both paths of what changes names: who is opened in a folder that was renamed is shown where it is.
cat >renames.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	int folder = mkdir("first", 0700) ? -1 : open("first", O_RDONLY | O_DIRECTORY);

	if (folder < 0 || rename("first", "second") || openat(folder, "file", O_CREAT | O_WRONLY, 0600) < 0 || symlink("second", "third") || link("second/file", "fourth"))
		return 1;
	return rename("nowhere", "fifth") == 0;
}
C
cc -O1 -o renames renames.c || fail "it does not compile"
for trace in all audit; do
	rm -rf second third fourth
	SYSSHIM_TRACE=$trace SYSSHIM_LOG=$PWD/renamed.$trace SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./filtered /usr/bin/env LD_PRELOAD="$SHIM" ./renames || fail "renames: status $?"
	"$SYSSHIM" files --all "renamed.$trace" >out || fail "files: status $?"
	grep -qE "^wc +1 +0 +$PWD/second/file\$" out && grep -qE "^wc +0 +0 +$PWD/fourth\$" out && ! grep -q "$PWD/first/file\$" out && grep -q "$PWD/third\$" out && grep 'coverage: ' out | grep -q 'the path of 1 call (under' ||
		fail "$trace: $(cat out)"
done
