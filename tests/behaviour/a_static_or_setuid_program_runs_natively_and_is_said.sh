#!/bin/bash
# Programs that cannot load us. Started directly, no line can be printed: they just run. Started by an observed program, that one's
# counters say how many there were and why they were not seen. `sysshim run` and `doctor` say it beforehand in one line.
set -u
. "$SRC/tests/lib/lib.sh"
mkdir bin && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim

cat >program.c <<'C_'
#include <stdio.h>
int main(void)
{
	puts("out");
	fputs("err\n", stderr);
	return 6;
}
C_
cc -static -o static program.c 2>cc.err || skip "no static libc: $(tail -n 1 cc.err)"
cc -o setuid program.c || fail "cc does not compile"
kinds=static
# another user's set-user-id program can only be made by root
if [ "$(id -u)" -eq 0 ] && chown 65534 setuid && chmod 4755 setuid; then
	kinds="static setuid"
else
	echo "set-user-id: not tested, only root can give a file away"
fi

for kind in $kinds; do
	shimmed "./$kind" >out 2>err
	[ $? -eq 6 ] && [ "$(cat out)$(cat err)" = outerr ] || fail "$kind: it does not run as natively: $(cat out err)"
	# by name and through a path, by a child and by exec
	shimmed SYSSHIM_STATS="$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json sh -c "./$kind; ./$kind; exec ./$kind" >out 2>err
	[ $? -eq 6 ] && [ "$(wc -l <out)$(wc -l <err)" = 33 ] || fail "$kind: as children they do not run as natively: $(cat err)"
	python3 - $kind stats.* <<'PYTHON' || fail "$kind: the parent does not say what it did not follow: $(cat stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name)]
shell = [row for row in rows if row["coverage"]["images"] == 3]
assert shell and all(row["coverage"]["not_followed"][sys.argv[1]] == 3 for row in shell), rows
PYTHON
	rm -f stats.*
	shimmed sh -c "./$kind; exit 3" >out 2>err
	grep -q ", 1 program not followed: $kind" err || fail "$kind: the summary does not say it: $(cat err)"

	"$SYSSHIM" run "./$kind" >out 2>err
	[ $? -eq 6 ] && [ "$(cat out)" = out ] || fail "run $kind: it does not run as natively"
	[ "$(grep -vc '^err$' err)" -eq 1 ] && grep '^sysshim run: ' err | grep "./$kind" | grep -E 'static|set-user-id' | grep -q '; it runs unobserved$' ||
		fail "run $kind: not one line that says why: $(cat err)"
done

# by a folder's descriptor, with a flag that means nothing where there is a name (AT_EMPTY_PATH): a static one is not shown what it cannot use
cat >by_descriptor.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	char *arguments[] = {"shows", NULL}, *environment[] = {"ONE=1", NULL};

	syscall(SYS_execveat, open(".", O_RDONLY | O_DIRECTORY), "shows", arguments, environment, AT_EMPTY_PATH);
	return 9;
}
C_
cat >shows.c <<'C_'
#include <stdio.h>
extern char **environ;
int main(void)
{
	for (char **entry = environ; *entry; entry++)
		puts(*entry);
	return 0;
}
C_
cc -static -o shows shows.c && cc -o by_descriptor by_descriptor.c || fail "cc does not compile"
shimmed SYSSHIM_STATS=off ./by_descriptor >out 2>err || fail "by a descriptor: status $?"
[ "$(cat out)" = ONE=1 ] || fail "by a descriptor: its environment is $(cat out)"

# by a program whose table of descriptors is full, and by a child that borrows its memory
cat >full.c <<'C_'
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
int main(void)
{
	char *arguments[] = {"shows", NULL}, *environment[] = {"ONE=1", NULL};
	struct rlimit few = {20, 20};

	setrlimit(RLIMIT_NOFILE, &few);
	while (fcntl(1, F_DUPFD_CLOEXEC, 0) >= 0)
		;
	if (vfork() == 0) {
		execve("shows", arguments, environment);
		_exit(9);
	}
	execve("shows", arguments, environment);
	return 9;
}
C_
cc -o full full.c || fail "cc does not compile"
shimmed SYSSHIM_STATS=off ./full >out 2>err || fail "a full table: status $?"
[ "$(sort -u out)" = ONE=1 ] || fail "a full table: its environment is $(cat out)"

# by the path of a descriptor that is open here, and in a process with threads
cat >stdin.c <<'C_'
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *argument)
{
	pause();
	return argument;
}
int main(int argc, char **argv)
{
	char *arguments[] = {"shows", NULL}, *environment[] = {"ONE=1", NULL};
	pthread_t thread;

	(void)argv;
	close(0);
	if (open("shows", O_RDONLY) != 0 || (argc > 1 && pthread_create(&thread, NULL, wait_for_ever, NULL)))
		return 9;
	execve("/proc/self/fd/0", arguments, environment);
	return 9;
}
C_
cc -pthread -o stdin stdin.c || fail "cc does not compile"
for threads in "" threads; do
	shimmed SYSSHIM_STATS=off ./stdin $threads >out 2>err || fail "by a descriptor's path $threads: status $?"
	[ "$(cat out)" = ONE=1 ] || fail "by a descriptor's path $threads: its environment is $(cat out)"
done

# ld.so has no interpreter either, but it is the one that loads us
loader=$(ldd /bin/true | awk '/ld-linux/ { print $1 }')
XDG_STATE_HOME=$PWD/state "$SYSSHIM" run --stats=off -- "$loader" /bin/echo hello >out 2>err || fail "ld.so as the program: $(cat err)"
[ "$(cat out)" = hello ] && [ ! -s err ] || fail "ld.so as the program is not followed: $(cat out err)"
XDG_STATE_HOME=$PWD/state "$SYSSHIM" files >out 2>&1 || fail "ld.so's recording: $(cat out)"
grep -qw /bin/echo out || fail "what ld.so was to run is no row: $(cat out)"
exit 0
