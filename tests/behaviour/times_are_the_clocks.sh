#!/bin/bash
# Between two looks at the clock times come from the processor's counter: the program's own clock agrees to a microsecond, in bursts and behind
# pauses, and no call begins before the one before it in its thread has ended.
set -u
. "$SRC/tests/lib/lib.sh"

cat >calls.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 60000 };
static int64_t times[3][CALLS][2];

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

/* lseek's offset says which call it was. */
static void calls(long who)
{
	int fd = open("/dev/null", O_RDONLY);

	for (long i = 0; i < CALLS; i++) {
		if (i % 5000 == 4999)
			usleep((unsigned)(i % 3) * 4000 + 1);
		times[who][i][0] = now();
		lseek(fd, who * CALLS + i + 1, SEEK_SET);
		times[who][i][1] = now();
	}
}

static void *thread(void *who)
{
	calls((long)who);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	calls(0);
	for (long who = 1; who <= 2; who++)
		if (pthread_create(&threads[who - 1], NULL, thread, (void *)who))
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	FILE *out = fopen("times", "w");
	for (int who = 0; who < 3; who++)
		for (int i = 0; i < CALLS; i++)
			fprintf(out, "%ld %ld\n", (long)times[who][i][0], (long)times[who][i][1]);
	return fclose(out) != 0;
}
C
gcc -O2 -pthread -o calls calls.c || fail "the program does not build"
shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./calls || fail "exit status $?"
"$SYSSHIM" trace --json -e trace=lseek recording >lines || fail "trace: exit status $?"
python3 - <<'PY' || fail "see above"
import json, statistics
times = [tuple(map(int, line.split())) for line in open("times")]
lines = {}
for line in filter(lambda line: line.get("call") == "lseek", map(json.loads, open("lines"))):
    lines[int(line["args"].split(",")[1]) - 1] = (line["tid"], line["start_ns"], line["start_ns"] + line["duration_ns"])
assert len(lines) == len(times) == 180000, (len(lines), len(times))
# One number makes the clock's time out of the time of day.
epoch = statistics.median(lines[i][1] - times[i][0] for i in range(60000)) - 100
wrong = [(i, lines[i][1] - epoch - times[i][0], lines[i][2] - epoch - times[i][1]) for i in range(len(times))
         if lines[i][1] - epoch < times[i][0] - 1000 or lines[i][2] - epoch > times[i][1] + 1000]
assert not wrong, (len(wrong), wrong[:5])
last = {}
for i in range(len(times)):
    thread, began, ended = lines[i]
    assert began >= last.get(thread, 0), (i, last[thread] - began)
    last[thread] = ended
PY
exit 0
