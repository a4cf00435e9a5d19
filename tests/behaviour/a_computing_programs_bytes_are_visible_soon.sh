#!/bin/bash
# A program writes a row of lines and then only computes: its last byte is in the file, and at the end of the pipe, within the latency bound,
# not at its next call or its exit. The program computes for 3 s; a loaded machine has 1 s of them, and most often 20 ms are enough.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

cat >computes.c <<'C'
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* computes LINES WRITES_AT_ONCE: lines of 8 bytes; without a call afterwards */
int main(int argc, char **argv)
{
	struct timespec begin, now;
	int lines = atoi(argv[1]), forks = argc > 2;

	for (int i = 0; i < lines; i++)
		if (write(1, "0123456\n", 8) != 8)
			return 1;
	if (forks && fork() > 0)
		return wait(NULL) < 0;
	if (forks)
		for (int i = 0; i < lines; i++)
			if (write(1, "0123456\n", 8) != 8)
				return 1;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 3000);
	return 0;
}
C
cc -O1 -o computes computes.c || fail "it does not compile"
cat >watch.py <<'PYTHON'
import json, os, select, subprocess, sys, time

def environment(name):
    return dict(os.environ, LD_PRELOAD=os.environ["SHIM"], SYSSHIM_STATS=f"{name}.%p.json", SYSSHIM_STATS_FORMAT="json")

def were_held(name):
    rows = [json.loads(line)["batches"] for file in os.listdir(".") if file.startswith(name + ".") and file.endswith(".json") for line in open(file)]
    return any(row["ended_by"].get("time") for row in rows)

def file(name, *arguments, size):
    with open(name + ".out", "wb") as out:
        process = subprocess.Popen(["./computes", *arguments], stdout=out, env=environment(name))
    first = None
    while os.path.getsize(name + ".out") < size:
        assert process.poll() is None, f"{name}: it ended, and the bytes were not there before"
        if first is None and os.path.getsize(name + ".out"):
            first = time.monotonic()
        time.sleep(0.002)
    took = time.monotonic() - (first or time.monotonic())
    assert process.poll() is None, f"{name}: they came at its end"
    assert took < 1, f"{name}: {took} s"
    assert process.wait() == 0 and os.path.getsize(name + ".out") == size
    return took if were_held(name) else None

def pipe(name, *arguments, size):
    process = subprocess.Popen(["./computes", *arguments], stdout=subprocess.PIPE, env=environment(name))
    seen, first = 0, None
    while seen < size:
        ready, _, _ = select.select([process.stdout], [], [], 2.5)
        assert ready and process.poll() is None, f"{name}: {seen} of {size} bytes while it computes"
        seen += len(os.read(process.stdout.fileno(), 65536))
        first = first or time.monotonic()
    took = time.monotonic() - first
    assert process.poll() is None and took < 1, f"{name}: {took} s"
    process.stdout.close()
    assert process.wait() == 0
    return took if were_held(name) else None

def held(kind, name, *arguments, size):
    """Something has been tested only where bytes were held until the time was over; a reader that is just so fast can prevent it."""
    for attempt in range(6):
        took = kind(f"{name}{attempt}", *arguments, size=size)
        if took is not None:
            return took
    raise AssertionError(f"{name}: no batch was ended by time")

times = [held(file, "file", "300", size=2400), held(file, "forked", "300", "fork", size=4800),
         held(pipe, "pipe", "300", size=2400), held(pipe, "forked-pipe", "300", "fork", size=4800)]
print("the last byte came", ", ".join(f"{1000 * t:.0f} ms" for t in times), "behind the first")
PYTHON
python3 watch.py || exit 1
