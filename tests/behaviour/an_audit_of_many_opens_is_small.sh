#!/bin/bash
# A million opens of one file in the same way leave one record with SYSSHIM_TRACE=audit, also in several threads; another way, another outcome, another
# folder under the same name leave more. What an audit does not count is said.
set -u
. "$SRC/tests/lib/lib.sh"

cat >opens.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static long count;
static void *go(void *nothing)
{
	for (long i = 0; i < count; i++)
		close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	return nothing;
}
int main(int argc, char **argv)
{
	pthread_t threads[4];
	struct stat status;
	int several = argc > 2 ? atoi(argv[2]) : 0;
	count = atol(argv[1]);
	for (int i = 0; i < several; i++)
		pthread_create(&threads[i], NULL, go, NULL);
	for (int i = 0; i < several; i++)
		pthread_join(threads[i], NULL);
	go(NULL);
	for (int i = 0; i < 3; i++) {
		close(open("/etc/passwd", O_RDONLY));                 /* another way */
		close(open("/etc/passwd", O_RDONLY | O_DIRECTORY));   /* another outcome */
		stat("/etc/passwd", &status);
		close(open("here", O_CREAT | O_WRONLY, 0600));
		unlink("here");                                       /* it may be made again */
		mkdir("sub", 0700);
		chdir("sub");
	}
	return 0;
}
C
cc -w -pthread -o opens opens.c || fail "it does not compile"
calls() {
	"$SYSSHIM" trace "$1" 2>/dev/null | grep -c "$2"
}
"$SYSSHIM" run -q --record=one -e trace=audit -- ./opens 1000000 || fail "exit status $?"
size=$(du -sk one | cut -f1)
[ "$size" -lt 1024 ] || fail "the recording has $size KiB"
[ "$(calls one 'open.*passwd.*O_RDONLY|O_CLOEXEC')" = 1 ] || fail "recorded $(calls one 'O_CLOEXEC') times"
[ "$(calls one 'open.*passwd.*O_RDONLY) = ')" = 1 ] || fail "another way is not one more"
[ "$(calls one 'open.*passwd.*ENOTDIR')" = 1 ] || fail "another outcome is not one more"
[ "$(calls one 'stat.*passwd')" = 1 ] || fail "stat: $(calls one 'stat.*passwd')"
[ "$(calls one 'open.*"here"')" = 3 ] || fail "in three folders: $(calls one 'open.*"here"')"
[ "$(calls one 'close(')" = 0 ] || fail "close is recorded"
"$SYSSHIM" files one >files || fail "files: exit status $?"
grep -q 'not counted: bytes' files || fail "it is not said that no bytes are counted: $(tail -n 3 files)"
[ "$(grep -c '/sub/.*here$' files)" = 2 ] || fail "the three folders are not three paths: $(grep here files)"

rm -rf sub
"$SYSSHIM" run -q --record=four -e trace=audit -- ./opens 100000 3 || fail "exit status $?"
[ "$(calls four 'open.*passwd.*O_CLOEXEC')" -lt 50 ] || fail "in four threads: $(calls four 'O_CLOEXEC') times"
size=$(du -sk four | cut -f1)
[ "$size" -lt 1024 ] || fail "the recording of threads has $size KiB"
