#!/bin/bash
# timeout: 120
# A recording of some 60 MiB is read from front to back by every command, in less than 24 MiB of memory.
set -u
. "$SRC/tests/lib/lib.sh"

cat >many.c <<'C'
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
	int fd = open("many.c", O_RDONLY);
	char c;

	for (int i = 0; i < 900000; i++)
		if (pread(fd, &c, 1, 0) != 1)
			return 1;
	return 0;
}
C
cc -O2 -o many many.c || fail "it does not compile"
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./many || fail "the program: status $?"
[ "$(du -sk recording | cut -f 1)" -gt 50000 ] || fail "the recording is small: $(ls -l recording)"
cat >measure.py <<'P'
import os, resource, subprocess, sys
with subprocess.Popen([os.environ["SYSSHIM"], *sys.argv[2:], "recording"], stdout=subprocess.PIPE) as child:
    count = sum(1 for _ in child.stdout)
if child.returncode:
    sys.exit(f"exit status {child.returncode}")
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if most > 24 << 10 or count < int(sys.argv[1]):
    sys.exit(f"{most} KiB of memory, {count} lines")
P
while read -r least words; do
	# shellcheck disable=SC2086
	python3 measure.py $least $words >measured 2>&1 || fail "sysshim $words: $(grep -v '^coverage' measured)"
done <<'W'
900000 trace
900000 trace --json
900000 trace --format=chrome
5 stat
1 stat --json
3 files
2 show
40 report
W
exit 0
