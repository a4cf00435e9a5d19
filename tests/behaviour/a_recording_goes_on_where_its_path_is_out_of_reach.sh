#!/bin/bash
# Who gives up rights cannot make his recording's file longer: it is made long beforehand, by a hole, which is taken away again where the path can be reached at the end. What finds no
# place there goes round in it: the oldest is missing, which is said, and the newest is there.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

cat >gives_up.py <<'P'
import os, sys
folder, count, kept = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if os.getuid():
    os.setuid(os.getuid())
else:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534 if kept == "away" else 0)
if os.getuid() and kept == "away":
    os.chmod(folder, 0) if os.stat(folder).st_uid == os.getuid() else None
for i in range(count):
    try:
        os.open(f"/nowhere/{i}", os.O_RDONLY)
    except OSError:
        pass
P
# record COUNT away|here: what `files` says
record() {
	rm -rf folder && mkdir -m 700 folder || fail "no folder"
	shimmed SYSSHIM_LOG="$PWD/folder/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off python3 -S gives_up.py folder "$1" "$2" || fail "$1: status $?"
	chmod 700 folder
	"$SYSSHIM" files --only-missing folder/recording >files.out 2>&1
}

# 4 chunks of 32 KiB were there before
record 20000 away
[ "$(grep -c ' /nowhere/' files.out)" -eq 20000 ] || fail "of 20000 opens $(grep -c ' /nowhere/' files.out) are in the audit: $(grep coverage files.out)"
grep -q 'were overwritten' files.out && fail "$(grep coverage files.out)"

record 200000 away
grep -q 'were overwritten' files.out || fail "nothing was overwritten, or it is not said: $(grep coverage files.out)"
count=$(grep -c ' /nowhere/' files.out)
[ "$count" -ge 20000 ] && [ "$count" -lt 200000 ] || fail "$count of 200000 opens"
for newest in 199999 199000 $((200000 - count + 1)); do
	grep -q " /nowhere/$newest\$" files.out || fail "the newest $count should be there, $newest is not"
done

record 10 here
size=$(stat -c %s folder/recording/*.rec)
[ "$size" -le 200000 ] || fail "the hole is still there: $size bytes"

# A child with mounts of its own that mounts something over the folder, as sandboxes do.
cat >covers.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long child = syscall(SYS_clone, CLONE_NEWNS | (getuid() ? CLONE_NEWUSER : 0) | SIGCHLD, 0, 0, 0, 0);
	char path[40];
	int status;

	if (child)
		return child > 0 && waitpid((pid_t)child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 77;
	if (argc < 2 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("none", argv[1], "tmpfs", 0, NULL))
		return 77;
	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof path, "/nowhere/%d", i);
		if (open(path, O_RDONLY) >= 0)
			return 1;
	}
	return 0;
}
C
cc -O1 -o covers covers.c || fail "it does not compile"
rm -rf folder && mkdir -m 700 folder || fail "no folder"
shimmed SYSSHIM_LOG="$PWD/folder/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./covers folder
status=$?
[ $status -eq 77 ] && { echo "nothing can be mounted here: not tested"; exit 0; }
[ $status -eq 0 ] || fail "covers: status $status"
"$SYSSHIM" files --only-missing folder/recording >files.out 2>&1
[ "$(grep -c ' /nowhere/' files.out)" -eq 20000 ] || fail "of 20000 opens behind a mount $(grep -c ' /nowhere/' files.out) are in the audit: $(grep coverage files.out)"
exit 0
