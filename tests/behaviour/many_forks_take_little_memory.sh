#!/bin/bash
# timeout: 120
# A thousand children of a process with a thousand descriptors: `files` and `trace -y` take less than 48 MiB, and each process's descriptors are its own.
set -u
. "$SRC/tests/lib/lib.sh"

cat >forks.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void touch(int at, const char *name)
{
	close(openat(at, name, O_CREAT | O_WRONLY, 0600));
}

int main(void)
{
	char name[16];

	mkdir("one", 0700), mkdir("two", 0700);
	for (int i = 0; i < 1000; i++) {
		sprintf(name, "file%d", i);
		if (open(name, O_CREAT | O_RDONLY, 0600) < 0)
			return 1;
	}
	int folder = open("one", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 1000; i++) {
		if (!fork()) {
			close(folder);
			folder = open("two", O_RDONLY | O_DIRECTORY);
			if (i == 500 && !fork())
				touch(folder, "of_grandchild"), _exit(0);
			touch(folder, "of_child");
			_exit(0);
		}
		wait(NULL);
	}
	touch(folder, "of_parent");
	return 0;
}
C
gcc -O1 -w -o forks forks.c || fail "no program"
ulimit -n 1100 || skip "not so many descriptors here"
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./forks || fail "the program: status $?"
cat >measure.py <<'P'
import os, resource, subprocess, sys
with open("out", "w") as out:
    status = subprocess.call([os.environ["SYSSHIM"], *sys.argv[1:], "recording"], stdout=out)
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if status or most > 48 << 10:
    sys.exit(f"status {status}, {most} KiB of memory")
P
python3 measure.py trace -y 2>measured || fail "trace -y: $(grep -v '^coverage' measured)"
python3 measure.py files 2>measured || fail "files: $(grep -v '^coverage' measured)"
for path in one/of_parent two/of_child two/of_grandchild; do
	[ "$(grep -o "[^ ]*/${path#*/}$" out)" = "$PWD/$path" ] || fail "$path: $(grep "of_" out)"
done
