#!/bin/bash
# Threads of unlike real-time priorities on one processor, with a log: who waits for the log lets the one run that has it.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

cat >priorities.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static void *opens(void *number)
{
	struct sched_param priority = {.sched_priority = 1 + (int)(long)number};
	char path[32];

	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		return number ? number : (void *)1;
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "/missing/%ld/%d", (long)number, i);
		open(path, O_RDONLY);
		if (i % 20 == 0)
			usleep(200 + (unsigned)(long)number * 7);
	}
	return NULL;
}

int main(void)
{
	cpu_set_t first;
	pthread_t threads[8];
	void *bad = NULL, *result;

	CPU_ZERO(&first);
	CPU_SET(sched_getcpu(), &first);
	sched_setaffinity(0, sizeof first, &first);
	for (long i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, opens, (void *)i))
			return 2;
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &result);
		bad = result ? result : bad;
	}
	return bad ? 77 : 0;
}
C
gcc -O1 -pthread -o priorities priorities.c || fail "no program"
timeout -s KILL 60 ./priorities
[ $? -ne 77 ] || skip "no real-time priorities here (CAP_SYS_NICE, or a cgroup without a share of them)"
for format in text json binary; do
	timeout -s KILL 60 env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$format.log" SYSSHIM_LOG_FORMAT=$format ./priorities || fail "$format: status $?"
done
[ "$(grep -c '/missing/' text.log)" -eq 8000 ] || fail "of 8,000 calls $(grep -c '/missing/' text.log) are in the log"
[ "$(grep -c '/missing/' json.log)" -eq 8000 ] || fail "of 8,000 calls $(grep -c '/missing/' json.log) are in the JSON log"
