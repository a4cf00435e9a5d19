#!/bin/bash
# timeout: 120
# A program makes more calls than its recording may hold, in one thread and in four: the file stays below its limit, the newest records are
# there without a gap that is not counted, and how much was overwritten is said. Whether it has gone to another folder since it began is told by its
# counters: if so, and the record of that is gone, a relative path is marked.
set -u
. "$SRC/tests/lib/lib.sh"

cat >counts.c <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

static int calls;

static void *count(void *name)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)name;
	for (int n = 1; n <= calls; n++)
		lseek(fd, n, SEEK_SET);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[8];
	int count_of = atoi(argv[1]);

	if (argc == 4 && chdir(argv[3]))
		return 1;
	calls = atoi(argv[2]);
	for (int i = 0; i < count_of; i++)
		if (pthread_create(&threads[i], NULL, count, NULL))
			return 1;
	for (int i = 0; i < count_of; i++)
		pthread_join(threads[i], NULL);
	return open("late", O_RDONLY) < 0 || (argc == 5 && chdir(argv[4]));
}
C
cc -O1 -pthread -o counts counts.c || fail "it does not compile"
cat >check.py <<'P'
import re, subprocess, sys
threads, calls = int(sys.argv[1]), int(sys.argv[2])
trace = subprocess.run([sys.argv[3], "trace", "-e", "trace=lseek", f"recording.{threads}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
if trace.returncode or not re.search(r"the oldest \d+ KiB were overwritten", trace.stderr):
    sys.exit(f"exit status {trace.returncode}: {trace.stderr}")
last, lines, gaps = {}, 0, 0
dropped = re.search(r"; (\d+) records? found no place", trace.stderr)
for line in trace.stdout.splitlines():
    if line.endswith(" +++") or " --- " in line:
        continue
    tid, n = re.match(r"(\d+) [\d.]+ lseek\(\d+, (\d+), SEEK_SET\) = ", line).groups()
    gaps += int(n) - last[tid] - 1 if tid in last else 0
    last[tid] = int(n)
    lines += 1
# Who holds the lock may be off its processor for so long that the others go on without.
gaps += sum(calls - n for n in last.values())
if len(last) != threads or (threads == 1 and gaps) or gaps > int(dropped[1] if dropped else 0):
    sys.exit(f"{gaps} of the newest records are missing, said: {dropped and dropped[0]}; {last}")
print(f"{threads} threads, {threads * calls} calls: the newest {lines} are there")
P
mkdir below && touch below/late late
for threads in 1 4; do
	calls=$((1500000 / threads))
	shimmed SYSSHIM_LOG=recording.$threads SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./counts $threads $calls $([ $threads = 4 ] || echo below) || fail "status $?"
	size=$(cat recording.$threads/*.rec | wc -c)
	[ "$size" -le $((65 << 20)) ] && [ "$size" -gt $((60 << 20)) ] || fail "the file has $size bytes"
	python3 check.py $threads $calls "$SYSSHIM" || exit 1
	"$SYSSHIM" files --json recording.$threads 2>/dev/null | grep '"given":"late"' >late.json
	[ $threads = 4 ] && late="$PWD/late" || late='?/late'
	grep -qF "\"path\":\"$late\"" late.json || fail "$threads threads, not $late: $(cat late.json)"
	rm -r recording.$threads
done

# A move without a record of its own says where it led to: it is not one that was lost.
shimmed SYSSHIM_LOG=recording.1 SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off SYSSHIM_TRACE=lseek,openat ./counts 1 1500000 then below || fail "status $?"
"$SYSSHIM" files --json recording.1 2>/dev/null | grep '"given":"late"' | grep -qF "\"path\":\"$PWD/late\"" || fail "a move that is not recorded is taken for one that was lost"
exit 0
