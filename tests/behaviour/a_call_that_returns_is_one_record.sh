#!/bin/bash
# A call that may wait is recorded when it begins, so that a hang shows; when it has come back and nothing came between, its record becomes the whole
# call. A reader shows both ends where other processes' lines come between, and a beginning alone where it never came back.
set -u
. "$SRC/tests/lib/lib.sh"

cat >reads.c <<'C'
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void handler(int number)
{
	(void)number;
	(void)!write(1, "", 0);
}

int main(void)
{
	int fd = open("/dev/zero", O_RDONLY), none = open("/nowhere/at all", O_RDONLY), ends[2];
	char byte;

	for (int i = 0; i < 10000; i++)
		if (read(fd, &byte, 1) != 1)
			return 1;
	/* A handler's calls come between. */
	if (none >= 0 || pipe(ends) || signal(SIGALRM, handler) == SIG_ERR)
		return 2;
	alarm(1);
	if (fork() == 0) {
		sleep(2);
		return write(ends[1], "x", 1) == 1 ? 0 : 3;
	}
	if (read(ends[0], &byte, 1) != 1)
		return 4;
	kill(getpid(), SIGSTOP);
	for (;;)
		read(ends[0], &byte, 1);
}
C
cc -O1 -o reads reads.c || fail "it does not compile"
env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./reads >/dev/null &
program=$!
for _ in $(seq 100); do
	grep -q '^State:.*stopped' "/proc/$program/status" && break
	sleep 0.1
done
kill -CONT $program
for _ in $(seq 100); do
	"$SYSSHIM" trace recording 2>/dev/null | tail -n 2 | grep -q "^$program .*read(.*unfinished" && break
	sleep 0.1
done
kill -KILL $program
wait $program 2>/dev/null
"$SYSSHIM" trace recording >text 2>/dev/null || fail "trace: status $?"
[ "$(grep -cE "^$program .* read\([0-9]+, .*, 1\) += 1 <" text)" -eq 10000 ] || fail "not every read is one line: $(grep -c 'read(' text)"
grep -qE "^$program .* openat\(AT_FDCWD, \"/nowhere/at all\", O_RDONLY\) += -1 ENOENT" text || fail "the file that is not there: $(grep nowhere text)"
sed -n "/^$program .*read(.*<unfinished/,/read resumed>/p" text | grep -q "^$program .*write(1, " || fail "the handler's call does not come between: $(tail -n 20 text)"
grep -qE "^$program .* <\.\.\. read resumed>.* = 1 <" text || fail "the read in between does not come back: $(tail -n 20 text)"
grep "^$program " text | tail -n 1 | grep -q 'read(.*<unfinished' || fail "the last read is not open: $(tail -n 3 text)"
"$SYSSHIM" show --json recording | python3 -c '
import json, sys
row = next(row for row in map(json.loads, sys.stdin) if row.get("pid") == int(sys.argv[1]))
assert row["records"] < 10500, row' $program || fail "two records for a call: $("$SYSSHIM" show --json recording)"

# Also behind a child that had borrowed the memory (posix_spawn): else each read would take two records.
cat >spawns.c <<'C'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDONLY);
	char byte;

	(void)argv;
	if (argc > 1 && system("true"))
		return 1;
	for (int i = 0; i < 10000; i++)
		if (read(fd, &byte, 1) != 1)
			return 2;
	return 0;
}
C
cc -O1 -o spawns spawns.c || fail "it does not compile"
for kind in without with; do
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$kind" SYSSHIM_LOG_FORMAT=binary SYSSHIM_APP_INCLUDE=spawns ./spawns $([ $kind = without ] || echo x) || fail "$kind: exit status $?"
	stat -c %s $kind/* | sort -n | tail -n 1 >size.$kind
done
[ "$(cat size.with)" -lt $(($(cat size.without) + 65536)) ] || fail "a process that has spawned records $(cat size.with) bytes, another $(cat size.without)"

# A handler that begins a call of its own, at whichever instruction it comes: each has its own result.
cat >races.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void handler(int number)
{
	static const struct timespec now;
	static uint64_t none;
	int before = errno;

	(void)number;
	syscall(SYS_rt_sigtimedwait, &none, NULL, &now, 8L);
	errno = before;
}

int main(void)
{
	struct itimerval often = {{0, 60}, {0, 60}}, never = {{0, 0}, {0, 0}};

	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 200000; i++)
		if (write(-1, "x", 1) != -1)
			return 1;
	setitimer(ITIMER_REAL, &never, NULL);
	return 0;
}
C
cc -O1 -o races races.c || fail "it does not compile"
shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/races.rec" SYSSHIM_LOG_FORMAT=binary ./races || fail "races: exit status $?"
"$SYSSHIM" trace -e trace=write,rt_sigtimedwait races.rec >text 2>/dev/null || fail "trace: status $?"
[ "$(grep -c 'rt_sigtimedwait.*EAGAIN' text)" -gt 100 ] || fail "the handler has hardly run: $(tail -n 3 text)"
grep 'rt_sigtimedwait.*EBADF' text | head -n 3 | grep . && fail "the handler's call has the result of the write"
exit 0
