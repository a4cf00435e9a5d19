#!/bin/bash
# timeout: 100
# Threads count in tables of their own, which are gathered before anybody reads them: no call is lost or counted twice, whether more threads than tables count at the same
# time, or one behind the other; in a child that was forked among them, which begins with none, and has threads in its turn; with a handler that counts in between. The summary, a recording's
# counters (also of who is killed) and its records say the same.
set -u
. "$SRC/tests/lib/lib.sh"

cat >count.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls, null;

static void handler(int signal)
{
	(void)signal;
	fcntl(-1, F_GETFD);
}

static void *count(void *unused)
{
	char byte;

	for (int i = 0; i < calls; i++) {
		if (read(null, &byte, 1) != 0 || pread(-1, &byte, 1, 0) != -1 || lseek(null, 0, SEEK_SET) != 0)
			abort();
		if (write(null, "four", 4) != 4)
			abort();
	}
	return unused;
}

static void run(int many, int at_once)
{
	pthread_t threads[1000];

	for (int i = 0; i < many; i++) {
		if (pthread_create(&threads[i], NULL, count, NULL) != 0)
			abort();
		if (!at_once)
			pthread_join(threads[i], NULL);
	}
	for (int i = 0; at_once && i < many; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	int many = atoi(argv[1]), status;

	calls = atoi(argv[2]);
	null = open("/dev/null", O_RDWR);
	signal(SIGALRM, handler);
	if (strchr(argv[3], 'h'))
		setitimer(ITIMER_REAL, &often, NULL);
	run(many, 1);
	if (strchr(argv[3], 'o'))
		run(many, 0);
	if (strchr(argv[3], 'f')) {
		pid_t child = fork();
		if (child == 0) {
			run(many / 2, 1);
			_exit(0);
		}
		run(many, 1);
		waitpid(child, &status, 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	if (strchr(argv[3], 'k'))
		kill(getpid(), SIGKILL);
	return argc != 4;
}
C_
gcc -O2 -pthread -o count count.c || fail "gcc"

# has FILE ROUNDS: so many rounds of 4 calls each
cat >has.py <<'PYTHON'
import json, sys
line = [json.loads(text) for text in open(sys.argv[1])][-1]["calls"]
rounds = int(sys.argv[2])
for name, errors, size in ("read", 0, 0), ("pread64", 1, 0), ("lseek", 0, 0), ("write", 0, 4):
    found = line[name]
    # ld.so's and libc's own reads
    more = found["calls"] - rounds
    assert 0 <= more <= (8 if name in ("read", "pread64") else 0), (name, rounds, found)
    assert found["errors"] == errors * rounds, (name, rounds, found)
    assert size == 0 or found["bytes"] == size * rounds, (name, rounds, found)
PYTHON

for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=off SYSSHIM_TIMING=off" "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary"; do
	for run in "1 20000 h" "2 20000 ho" "90 300 ho" "7 2000 hf"; do
		set -- $run
		rm -rf stats* recording
		shimmed $settings SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json ./count "$@" || fail "$settings: $run: status $?"
		factor=1
		case $3 in *[of]*) factor=2 ;; esac
		python3 has.py stats $((factor * $1 * $2)) || fail "$settings: $run"
		case $3 in *f*)
			[ "$(ls stats.* | wc -l)" = 1 ] || fail "no one child: $(ls)"
			python3 has.py stats.* $(($1 / 2 * $2)) || fail "$settings: $run: of the child"
			;;
		esac
	done
done

# Where addresses are limited there are no such tables: each thread would take pages of the program's.
rm -rf stats*
(ulimit -v 4000000 && shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json ./count 7 2000 hf) || fail "limited: status $?"
python3 has.py stats 28000 || fail "limited"

# The counters that a recording has now and then, and its records; of who is killed the records alone are all there.
shimmed SYSSHIM_LOG="$PWD/killed" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./count 8 3000 k
[ $? = 137 ] || fail "it was not killed"
"$SYSSHIM" stat --json killed >killed.json || fail "stat: $?"
python3 - <<'PYTHON' || fail "a killed program's recording: $(head -c 2000 killed.json)"
import json
calls = {name: call["calls"] for name, call in json.load(open("killed.json"))["calls"].items()}
assert calls["lseek"] == 24000 and calls["write"] == 24000, calls
PYTHON
exit 0
