#!/bin/bash
# Bytes that were taken for written when there was room, and a disk that somebody else fills before the flush: the next call on the descriptor
# reports ENOSPC, close does, what is lost at the exit is said in the summary and counted in the JSON; and after room was made the bytes are
# written first, in their order. The program computes without a call while the other fills the file system of 320 MiB (T5).
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && as=-m || as=-Urm
	unshare $as true 2>/dev/null || skip "no private mount namespace here (unshare $as)"
	exec unshare $as bash "$0" inside
fi
mkdir place
mount -t tmpfs -o size=320m none place 2>/dev/null || skip "no tmpfs can be mounted here"
cat >holds.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A page is full at 512 lines of 8 bytes: those that are gathered after the native ones need new pages, which there are none of. */
enum { BEFORE = 512, HELD = 1500 };

static int fd, number;

static void lines(int count)
{
	char text[16];

	while (count-- > 0) {
		sprintf(text, "%07d\n", number++);
		if (write(fd, text, 8) != 8) {
			printf("a write of the burst: %s\n", strerrorname_np(errno));
			exit(20);
		}
	}
}

static void computes(double seconds)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 < seconds);
}

static const char *told(long result)
{
	static char texts[8][32];
	static int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof texts[0], "%s", result < 0 ? strerrorname_np(errno) : "taken");
	return text;
}

int main(int argc, char **argv)
{
	const char *way = argv[2];
	struct stat status;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | (strstr(way, "append") ? O_APPEND : 0), 0644);
	lines(BEFORE);
	if (fstat(fd, &status) != 0 || status.st_size != BEFORE * 8)
		return 21;
	lines(HELD);
	computes(3); /* the other one fills the disk meanwhile, and the timer's flush meets it */
	if (strcmp(way, "exit") == 0) {
		fflush(NULL);
		return 0;
	}
	if (strcmp(way, "killed") == 0)
		raise(SIGTERM);
	if (strcmp(way, "close") == 0) {
		printf("close: %s\n", told(close(fd)));
		printf("closed: %s\n", told(fcntl(fd, F_GETFD)));
		return 0;
	}
	if (strcmp(way, "fsync") == 0)
		printf("fsync: %s\n", told(fsync(fd)));
	else if (strcmp(way, "fstat") == 0)
		printf("fstat: %s\n", told(fstat(fd, &status)));
	else if (strcmp(way, "lseek") == 0)
		printf("lseek: %s\n", told(lseek(fd, 0, SEEK_CUR)));
	else if (strcmp(way, "dup") == 0) {
		int copy = dup(fd);
		printf("dup: %s\n", told(copy));
		copy = copy < 0 ? dup(fd) : copy;
		printf("write to the copy: %s\n", told(write(copy, "never\n", 6)));
		close(copy);
	} else if (strcmp(way, "fork") == 0) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	printf("write: %s\n", told(write(fd, "never\n", 6)));
	printf("write again: %s\n", told(write(fd, "never\n", 6)));
	if (strstr(way, "room")) {
		/* a row of the program's own: bigger than what is held, so there is room for both */
		if (unlink(argv[3]) != 0)
			return 22;
		lines(700);
		printf("with room: %s\n", told(fsync(fd)));
	}
	printf("close: %s\n", told(close(fd)));
	return 0;
}
C
cc -O1 -o holds holds.c || fail "it does not compile"
cat >run.py <<'PYTHON'
import json, os, signal, subprocess, sys, time

BEFORE, HELD = 512, 1500

def attempt(way):
    """The output, status, JSON row and file of one run; None when the machine was too slow and the bytes were out before the disk was full."""
    for name in "place/file", "place/filler", "stats.json", "stats.txt":
        if os.path.exists(name):
            os.unlink(name)
    environment = dict(os.environ, LD_PRELOAD=os.environ["SHIM"], SYSSHIM_LATENCY_MS="1000", SYSSHIM_STATS=f"{os.getcwd()}/stats.json", SYSSHIM_STATS_FORMAT="json")
    process = subprocess.Popen(["./holds", "place/file", way, "place/filler"], env=environment, stdout=subprocess.PIPE, text=True)
    while process.poll() is None and not (os.path.exists("place/file") and os.path.getsize("place/file") >= BEFORE * 8):
        time.sleep(0.001)
    time.sleep(0.15)  # natively the rest takes a millisecond; it computes now
    process.send_signal(signal.SIGSTOP)
    size = os.path.getsize("place/file")
    subprocess.run("fallocate -l 310M place/filler; dd if=/dev/zero of=place/filler oflag=append conv=notrunc bs=4096 status=none", shell=True, stderr=subprocess.DEVNULL)
    full = os.statvfs("place").f_bavail == 0
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=60)
    # the kernel gives the last page of the file to the held bytes if it has room; it has none where the size is whole pages
    if not full or size >= (BEFORE + HELD) * 8:
        return None
    rows = [json.loads(line) for line in open("stats.json")]
    return out, process.returncode, rows[0]["batches"], open("place/file").read()

def run(way):
    for _ in range(8):
        result = attempt(way)
        if result:
            return result
    print("the machine is too slow: the bytes were written before the disk was full, eight times")
    sys.exit(77)

def whole(count):
    return "".join(f"{i:07d}\n" for i in range(count))

def check(condition, way, *what):
    if not condition:
        print(f"FAILED: {way}:", *what)
        sys.exit(1)

# In each: way, output, status, whether the bytes are lost at the end
for way, output, status in (
        ("write", "write: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", 0),
        ("append", "write: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", 0),
        ("fsync", "fsync: ENOSPC\nwrite: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", 0),
        ("close", "close: ENOSPC\nclosed: EBADF\n", 0),
        ("fork", "write: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", 0),
        ("exit", "", 0),
        ("killed", "", -signal.SIGTERM)):
    out, code, batches, file = run(way)
    check(out == output, way, "it is told", repr(out), "not", repr(output))
    check(code == status, way, "its status is", code)
    check(whole(BEFORE + HELD).startswith(file) and len(file) >= BEFORE * 8, way, "the file is no beginning of what was written")
    check(batches["lost_bytes"] == (BEFORE + HELD) * 8 - len(file), way, "lost", batches["lost_bytes"], "of a file of", len(file))
    check("a flush met an error" in batches["not_coalesced"], way, "no reason is given", batches)

# the next call reports it, whichever it is; and the one after that is made
for way in "fstat", "lseek":
    out, code, batches, file = run(way)
    check(out == f"{way}: ENOSPC\nwrite: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", way, repr(out))
# a copy is a descriptor of the same open file description
out, code, batches, file = run("dup")
check(out == "dup: ENOSPC\nwrite to the copy: ENOSPC\nwrite: ENOSPC\nwrite again: ENOSPC\nclose: taken\n", "dup", repr(out))
check(whole(BEFORE + HELD).startswith(file), "dup", "something stands behind what was lost")

# after room was made, all is written, in order
for way in "room", "append-room":
    out, code, batches, file = run(way)
    check(out == "write: ENOSPC\nwrite again: ENOSPC\nwith room: taken\nclose: taken\n" and code == 0, way, repr(out), code)
    check(file == whole(BEFORE + HELD + 700), way, "the file is not what was written:", len(file), "bytes")
    check(batches["lost_bytes"] == 0, way, "lost", batches["lost_bytes"])
PYTHON
python3 run.py || exit $?
# the summary for people
cat >summary.py <<'PYTHON'
import os, signal, subprocess, sys, time
for _ in range(8):
    for name in "place/file", "place/filler":
        if os.path.exists(name):
            os.unlink(name)
    environment = dict(os.environ, LD_PRELOAD=os.environ["SHIM"], SYSSHIM_LATENCY_MS="1000")
    process = subprocess.Popen(["./holds", "place/file", "exit"], env=environment, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (os.path.exists("place/file") and os.path.getsize("place/file") >= 4096):
        time.sleep(0.001)
    time.sleep(0.15)
    process.send_signal(signal.SIGSTOP)
    size = os.path.getsize("place/file")
    subprocess.run("fallocate -l 310M place/filler; dd if=/dev/zero of=place/filler oflag=append conv=notrunc bs=4096 status=none", shell=True, stderr=subprocess.DEVNULL)
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    if size < 2012 * 8:
        sys.exit(0 if "LOST: " in err and process.returncode == 0 else f"the summary does not say what is lost: {err}")
PYTHON
python3 summary.py || exit 1
exit 0
