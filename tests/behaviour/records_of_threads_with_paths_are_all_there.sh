#!/bin/bash
# timeout: 60
# Before a call that names a path room for a long one is taken, and what was not needed is given back, in a gap where another thread's record stands behind it already. Such
# a chunk is full all the same and is used again: no record is dropped for want of room, and each is in the recording, once.
set -u
. "$SRC/tests/lib/lib.sh"

cat >paths.c <<'C_'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 4, CALLS = 15000 };

static void *opens(void *number)
{
	char path[64];

	for (int i = 0; i < CALLS; i++) {
		snprintf(path, sizeof path, "not there/%ld/%d", (long)number, i);
		if (open(path, O_RDONLY) >= 0)
			_exit(1);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, opens, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
C_
gcc -O2 -pthread -o paths paths.c || fail "gcc"
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./paths || fail "status $?"
"$SYSSHIM" trace recording >trace 2>coverage || fail "trace: $?: $(cat coverage)"
grep -q 'found no place\|overwritten\|damaged' coverage && fail "$(cat coverage)"
# One that is resumed has its path where it began.
sed -n 's/.*"not there\/\([0-9]*\/[0-9]*\)".*/\1/p' trace | sort >found
[ "$(grep -c ' = -1 ENOENT' trace)" -ge 60000 ] || fail "$(grep -c ' = -1 ENOENT' trace) results"
for thread in 0 1 2 3; do seq -f "$thread/%g" 0 14999; done | sort >made
cmp found made || fail "$(wc -l <found) of $(wc -l <made) are there: $(diff found made | head -5)"
exit 0
