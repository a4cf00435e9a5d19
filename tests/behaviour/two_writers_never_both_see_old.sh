#!/bin/bash
# Store buffering: two processes each write their own file and then look at the other's. If neither sees what the other wrote before it looked,
# a write was still waiting while a later call was made. Each round is a row of small writes and one look (fstat, pread, lseek, read in turn);
# LITMUS_ROUNDS=100000 makes more of them.
# timeout: 600
set -u
. "$SRC/tests/lib/lib.sh"

cat >litmus.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROW = 16 };

static int rounds;

/* After its own i-th row: how many bytes of the other there are. */
static void side(const char *own, const char *other, const char *result, int ready, int go)
{
	int out = open(own, O_WRONLY | O_APPEND), in = open(other, O_RDONLY);
	int *seen = calloc((size_t)rounds, sizeof *seen), have = 0;
	static char block[1 << 16];
	struct stat status;
	char byte;

	if (write(ready, "r", 1) != 1 || read(go, &byte, 1) != 1)
		exit(1);
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < ROW; k++)
			if (write(out, "x", 1) != 1)
				exit(2);
		switch (i % 3) {
		case 0:
			fstat(in, &status);
			have = (int)status.st_size;
			break;
		case 1:
			have = (int)lseek(in, 0, SEEK_END);
			break;
		default:
			/* byte by byte it would be exact, too; here by blocks from what is known */
			for (ssize_t got; (got = pread(in, block, sizeof block, have)) > 0;)
				have += (int)got;
		}
		seen[i] = have;
	}
	FILE *f = fopen(result, "w");
	if (!f || fwrite(seen, sizeof *seen, (size_t)rounds, f) != (size_t)rounds || fclose(f))
		exit(3);
	exit(0);
}

int main(int argc, char **argv)
{
	int ready[2], go[2], status, failed = 0;
	char byte;

	rounds = atoi(argv[1]);
	if (pipe(ready) || pipe(go))
		return 1;
	close(open("a", O_CREAT | O_TRUNC | O_WRONLY, 0600));
	close(open("b", O_CREAT | O_TRUNC | O_WRONLY, 0600));
	if (fork() == 0)
		side("a", "b", "a.seen", ready[1], go[0]);
	if (fork() == 0)
		side("b", "a", "b.seen", ready[1], go[0]);
	if (read(ready[0], &byte, 1) != 1 || read(ready[0], &byte, 1) != 1 || write(go[1], "gg", 2) != 2)
		return 1;
	while (wait(&status) > 0)
		failed |= status;
	if (failed)
		return 1;
	/* a saw b[i] bytes after its row i; the first that it did not see belongs to row j of b. Did b, after row j, not see all of a's row i? */
	int *a = calloc((size_t)rounds, sizeof *a), *b = calloc((size_t)rounds, sizeof *b), wrong = 0, contended = 0;
	FILE *f = fopen("a.seen", "r"), *g = fopen("b.seen", "r");
	if (!f || !g || fread(a, sizeof *a, (size_t)rounds, f) != (size_t)rounds || fread(b, sizeof *b, (size_t)rounds, g) != (size_t)rounds)
		return 1;
	for (int i = 0; i < rounds; i++) {
		int j = a[i] / ROW;
		if (j >= rounds)
			continue;
		contended += j > 0;
		wrong += b[j] < (i + 1) * ROW;
	}
	printf("both old: %d of %d, %d while both ran\n", wrong, rounds, contended);
	return wrong != 0;
}
C
cc -O1 -o litmus litmus.c || fail "it does not compile"
rounds=${LITMUS_ROUNDS:-20000}
for burst in 16 1; do
	shimmed SYSSHIM_BURST=$burst SYSSHIM_STATS="$PWD/stats-$burst.%p" SYSSHIM_STATS_FORMAT=json ./litmus "$rounds" || fail "SYSSHIM_BURST=$burst"
done
python3 - stats-* <<'PYTHON' || fail "nothing was coalesced, so nothing was tested: $(cat stats-*)"
import json, sys
rows = [json.loads(line)["batches"] for name in sys.argv[1:] for line in open(name)]
assert sum(row["writes"] for row in rows) > 1000, rows
PYTHON
exit 0
