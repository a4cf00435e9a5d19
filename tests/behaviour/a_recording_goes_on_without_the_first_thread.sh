#!/bin/bash
# Where main has left by pthread_exit the process has no memory and no descriptors under its own number any more, though other threads go on: their paths, the folders of what
# they have inherited, all of their records and the programs that they execute are recorded as those of any thread.
set -u
. "$SRC/tests/lib/lib.sh"

cat >first.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *goes_on(void *unused)
{
	char path[64], *environment[] = {"PATH=/usr/bin:/bin", NULL}, byte;

	/* Until the first one has ended. */
	snprintf(path, sizeof path, "/proc/%d/stat", (int)getpid());
	for (char letter = 0; letter != 'Z';) {
		FILE *file = fopen(path, "re");
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &letter) != 1)
			return NULL;
		fclose(file);
	}
	openat(9, "of_inherited", O_RDONLY);
	int fd = open("/etc/passwd", O_RDONLY);
	for (int i = 0; i < 20000; i++)
		pread(fd, &byte, 1, i % 16);
	fd = open("last", O_RDONLY);
	execve("/bin/cat", (char *[]){"cat", "/etc/group", NULL}, environment);
	return unused;
}

int main(void)
{
	pthread_t thread;

	alarm(100);
	pthread_create(&thread, NULL, goes_on, NULL);
	pthread_exit(NULL);
}
C_
cc -O1 -w -pthread -o first first.c || fail "cc does not compile"
mkdir folder
"$SYSSHIM" run -q --record="$PWD/all" -- ./first 9<folder >out || fail "status $?"
cmp -s out /etc/group || fail "the program's output is another one"
"$SYSSHIM" files --all all >files
for path in /etc/passwd "$PWD/last" /bin/cat /etc/group; do
	grep -qF " $path" files || fail "$path is missing: $(cat files)"
done
! grep -q 'overwritten' files || fail "it lost records: $(tail -n 1 files)"
[ "$("$SYSSHIM" trace -e trace=pread64 all 2>/dev/null | grep -c pread64)" = 20000 ] || fail "calls are missing"
"$SYSSHIM" run -q -e trace=audit --record="$PWD/audit" -- ./first 9<folder >out || fail "audit: status $?"
"$SYSSHIM" files audit >files
for path in "$PWD/folder/of_inherited" /etc/passwd "$PWD/last" /bin/cat /etc/group; do
	grep -qF " $path" files || fail "audit: $path is missing: $(cat files)"
done
exit 0
