#!/bin/bash
# One program writes rows to a file, then to a second one, to a pipe, makes a name, or signals; somebody else who looks at the second thing first
# never finds the first one behind. The observer runs without us.
# timeout: 180
set -u
. "$SRC/tests/lib/lib.sh"

cat >writer.c <<'C'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* writer ROUNDS ROW OBSERVER: descriptor 3 is a pipe to the observer */
int main(int argc, char **argv)
{
	int rounds = atoi(argv[1]), row = atoi(argv[2]);
	int a = open("a", O_WRONLY), b = open("b", O_WRONLY);
	char name[32];

	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < row; k++)
			if (write(a, "a", 1) != 1)
				return 1;
		for (int k = 0; k < row; k++)
			if (write(b, "b", 1) != 1)
				return 1;
		if (i % 20 == 19) {
			for (int k = 0; k < row; k++)
				if (write(a, "a", 1) != 1)
					return 1;
			for (int k = 0; k < row; k++)
				if (write(3, "p", 1) != 1)
					return 1;
			for (int k = 0; k < row; k++)
				if (write(b, "b", 1) != 1)
					return 1;
			snprintf(name, sizeof name, "name.%d", i);
			if (link("a", name) != 0)
				return 1;
		}
	}
	return 0;
}
C
cat >observer.py <<'PYTHON'
import os, subprocess, sys
rounds, row, shim = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for name in os.listdir("."):
    if name.startswith("name."):
        os.unlink(name)
for name in "ab":
    open(name, "w").close()
reading, writing = os.pipe()
os.set_blocking(reading, False)
environment = dict(os.environ, LD_PRELOAD=shim, SYSSHIM_STATS=f"stats-{row}.%p", SYSSHIM_STATS_FORMAT="json")
process = subprocess.Popen(["sh", "-c", f"exec ./writer {rounds} {row} 3>&{writing}"], pass_fds=[writing], env=environment)
os.close(writing)
a, b = (os.open(name, os.O_RDONLY) for name in "ab")
size = lambda fd: os.fstat(fd).st_size
piped = looks = between = 0
ended = False
while not ended:
    ended = process.poll() is not None
    for _ in range(200):
        second = size(b); first = size(a)
        assert first >= second, f"the second file has {second} bytes, the first only {first}"
        first = size(a); second = size(b)
        assert second >= (first - 1) // row * row - row, f"the first file has {first} bytes, the second only {second}"
        looks += 1
        between += 0 < second < 2 * rounds * row
        try:
            piped += len(os.read(reading, 65536))
        except BlockingIOError:
            pass
        # A row of the pipe stands behind 21 rows of the first file.
        assert size(a) >= -(-piped // row) * 21 * row, f"the pipe has {piped} bytes, the first file {size(a)}"
    names = sum(name.startswith("name.") for name in os.listdir("."))
    assert size(b) >= names * 21 * row, f"{names} names, the second file has {size(b)}"
assert process.returncode == 0
assert size(a) == size(b) == (rounds + rounds // 20) * row, (size(a), size(b))
print(f"{looks} looks, {between} while it wrote")
PYTHON
cc -O1 -o writer writer.c || fail "it does not compile"
for row in 3 50 700; do
	python3 observer.py $((60000 / row)) $row "$SHIM" || fail "rows of $row"
done
python3 - stats-* <<'PYTHON' || fail "nothing was coalesced, so nothing was tested: $(cat stats-*)"
import json, sys
rows = [json.loads(line)["batches"] for name in sys.argv[1:] for line in open(name)]
assert sum(row["writes"] for row in rows) > 50000, rows
PYTHON
exit 0
