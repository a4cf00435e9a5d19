#!/bin/bash
# A program that has or had threads executes another itself: what cannot load the shim is told, loses us in its environment, and is followed by ptrace where that was asked for.
# timeout: 60
set -u
. "$SRC/tests/lib/lib.sh"

cat >executes.c <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *waits(void *unused)
{
	pause();
	return unused;
}
static void *ends(void *unused)
{
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t thread;
	int is_gone = argc > 2 && !strcmp(argv[1], "gone");

	if (argc < 3 || pthread_create(&thread, NULL, is_gone ? ends : waits, NULL))
		return 90;
	if (is_gone)
		pthread_join(thread, NULL);
	execv(argv[2], argv + 2);
	return 91;
}
C
cat >static.c <<'C'
#include <fcntl.h>
int main(void)
{
	return open("/etc/hostname", O_RDONLY) < 0;
}
C
cc -O1 -o executes executes.c -lpthread && cc -O1 -static -o static static.c || fail "no compiler"
for thread in gone there; do
	"$SYSSHIM" run -q --record=told.$thread -- ./executes $thread ./static || fail "$thread: status $?"
	"$SYSSHIM" show told.$thread 2>&1 | grep -q '1 program static' || fail "$thread: nobody says that the static program was not followed: $("$SYSSHIM" show told.$thread)"
done
strace -o /dev/null true 2>/dev/null || skip "nobody may trace here"
for thread in gone there; do
	"$SYSSHIM" run -q --record=traced.$thread --trace-static -- ./executes $thread ./static || fail "$thread: --trace-static: status $?"
	"$SYSSHIM" files traced.$thread 2>/dev/null | grep -q '/etc/hostname$' || fail "$thread: the static program was not followed by ptrace"
done
exit 0
