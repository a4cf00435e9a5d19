#!/bin/bash
# timeout: 300
# A program that counts with a system call is killed at a random moment, 60 times (KILLS=N: N times); every third time the recording's disk is full early.
# Every recording is read without complaint. Where there was room, all calls up to the last or last but one are there, in order.
set -u
. "$SRC/tests/lib/lib.sh"

cat >counts.c <<'C'
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

/* The n-th call is lseek(fd, n, SEEK_SET); n stands in a file that outlives us, after the call. */
int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	volatile uint64_t *said;

	(void)argc;
	if (fd < 0 || ftruncate(fd, 4096) || (said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
		return 1;
	for (uint64_t n = 1;; n++) {
		if (lseek(fd, (off_t)n, SEEK_SET) != (off_t)n)
			return 2;
		*said = n;
	}
}
C
cc -O1 -o counts counts.c || fail "it does not compile"
mkdir small
full=
mount -t tmpfs -o size=256k none small 2>mount.err && full=$PWD/small
elsewhere=
trap '[ -z "$full" ] || umount "$full"; [ -z "$elsewhere" ] || rm -rf "$elsewhere"' EXIT

cat >check.py <<'P'
import json, struct, sys
said, copied = struct.unpack("Q", open("said", "rb").read(8))[0], sys.argv[1] == "copied"
whole = copied or sys.argv[1] == "whole"
seen, last, coverage = [], 0, None
for line in sys.stdin:
    row = json.loads(line)
    if "coverage" in row:
        coverage = row["coverage"]
    elif row["call"] == "lseek":
        seen.append(row["result"])
if not coverage:
    sys.exit("no coverage line")
if coverage["damaged_bytes"] or coverage["unreadable_files"]:
    sys.exit(f"damaged: {coverage}")
if any(b <= a for a, b in zip(seen, seen[1:])):
    sys.exit("out of order")
# The oldest are overwritten where the file may not grow; the newest are there.
if whole and not coverage["overwritten_bytes"] and (not seen or seen[0] != 1 or len(seen) != seen[-1]):
    sys.exit(f"a gap: {len(seen)} records up to {seen[-1:]}")
if whole and not copied and not said <= seen[-1] <= said + 1:
    sys.exit(f"the last record is {seen[-1]}, the program said {said}")
if not whole and not coverage["dropped"] and not seen:
    sys.exit("neither records nor word of dropped ones")
P
# On a file system that copies on write the last millisecond may be missing (shim/record/room.h): each third time there, else elsewhere.
case $(stat -f -c %T .) in
overlayfs | btrfs | f2fs | bcachefs | UNKNOWN*)
	elsewhere=$(mktemp -d /dev/shm/sysshim.XXXXXX) || skip "no other file system is here"
	;;
esac
for round in $(seq "${KILLS:-60}"); do
	rm -rf said recording small/* "${elsewhere:-.}/recording"
	where=${elsewhere:-.}/recording kind=whole
	[ -n "$elsewhere" ] && [ $((round % 3)) -eq 1 ] && where=recording kind=copied
	[ -n "$full" ] && [ $((round % 3)) -eq 0 ] && where=small/recording kind=full
	env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$where" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./counts said 2>err &
	pid=$!
	for _ in $(seq 500); do
		[ -s said ] && break
		sleep 0.01
	done
	sleep "0.0$((RANDOM % 6))$((RANDOM % 10))"
	kill -9 $pid
	wait $pid 2>/dev/null
	[ -s err ] && fail "round $round: it says: $(head -n 2 err)"
	"$SYSSHIM" trace --json "$where" >rows 2>trace.err || fail "round $round ($kind): sysshim trace: exit status $?: $(cat trace.err)"
	[ -s trace.err ] && fail "round $round ($kind): $(cat trace.err)"
	python3 check.py $kind <rows >checked 2>&1 || fail "round $round ($kind): $(cat checked)"
done
[ -n "$full" ] || skip "passed, but no small disk can be mounted to be full: $(cat mount.err)"
