#!/bin/bash
# SYSSHIM_DISPATCH=always: a `syscall` instruction in the program's own code is in the counters and the log like any other call, from the
# first, in a forked child and behind an exec, with and without coalescing. Where there are threads it cannot be, and the coverage says so.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long inlined(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

static void some(int count, const char *text)
{
	for (int i = 0; i < count; i++) {
		inlined(SYS_write, 1, (long)text, (long)strlen(text));
		inlined(SYS_gettid, 0, 0, 0);
	}
}

__attribute__((constructor)) static void early(void)
{
	some(2, "early\n");
}

static void *nothing(void *unused)
{
	return unused;
}

int main(int argc, char **argv)
{
	int status;
	pthread_t thread;

	if (argc == 1) {
		some(50, "first\n");
		pid_t child = fork();
		if (child == 0) {
			some(40, "child\n");
			execl(argv[0], argv[0], "again", (char *)NULL);
			_exit(9);
		}
		waitpid(child, &status, 0);
	} else if (strcmp(argv[1], "threads") == 0) {
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
	}
	some(7, "last\n");
	return 3;
}
C
cc -O1 -pthread -o program program.c || fail "it does not compile"
for batch in on off; do
	same_run $batch SYSSHIM_DISPATCH=always SYSSHIM_BATCH=$batch SYSSHIM_LOG="$PWD/$batch.log.%p" SYSSHIM_STATS="$PWD/$batch.stats.%p" SYSSHIM_STATS_FORMAT=json -- "$PWD/program"
	[ "$(cat $batch.shim.status)" = 3 ] || fail "it does not come to its end"
	python3 - $batch.stats.* <<'PYTHON' || fail "$batch: $(cat $batch.stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] for line in open(name) if line.strip()]
seen = sorted((row["end"], row["calls"]["write"]["calls"], row["calls"]["gettid"]["calls"]) for row in rows)
assert seen == [("exec", 40, 40), ("exit status 3", 2 + 7, 2 + 7), ("exit status 3", 2 + 50 + 7, 2 + 50 + 7)], seen
assert all(row["coverage"]["watching"] for row in rows)
assert all(bool(row["batches"]["count"]) == sys.argv[1].startswith("on") for row in rows), rows
PYTHON
	[ "$(cat $batch.log.* | grep -c 'gettid() = ')" -eq 108 ] || fail "$batch: the log has $(cat $batch.log.* | grep -c 'gettid() = ') of 108 lines"
done
# unasked they are not seen
same_run auto SYSSHIM_BATCH=off SYSSHIM_STATS="$PWD/auto.stats" SYSSHIM_STATS_FORMAT=json -- "$PWD/program"
grep -q gettid auto.stats && fail "seen without being asked for"
shimmed SYSSHIM_DISPATCH=always SYSSHIM_STATS=stderr ./program threads 2>said >/dev/null
grep -q 'not seen: calls that the program.s own code' said && grep -q 'it has threads' said || fail "threads: $(cat said)"
shimmed SYSSHIM_DISPATCH=always SYSSHIM_STATS=stderr ./program 2>said >/dev/null
grep -q 'not seen: calls before our start' said || fail "one thread: $(cat said)"
exit 0
