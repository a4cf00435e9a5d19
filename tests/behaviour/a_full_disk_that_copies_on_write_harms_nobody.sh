#!/bin/bash
# btrfs takes new space for a page that was written back, and answers a store by SIGBUS where there is none. A program with a recording there runs on while
# the disk becomes full; what was recorded before can be read.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

command -v mkfs.btrfs >/dev/null || skip "mkfs.btrfs is not installed"
truncate -s 130M image && mkfs.btrfs -q -f image >/dev/null 2>&1 || skip "no btrfs can be made"
mkdir disk && mount -o loop image disk 2>mount.err || skip "no btrfs can be mounted: $(head -n 1 mount.err)"
trap 'umount "$PWD/disk"' EXIT
mkdir disk/state
cat >opens.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	time_t end = time(NULL) + 4;

	while (time(NULL) < end) {
		for (int i = 0; i < 300; i++)
			close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
		usleep(2000);
	}
	return 5;
}
C
gcc -O1 -o opens opens.c || fail "no program"
for asked in "" recording; do
	env XDG_STATE_HOME="$PWD/disk/state" ${asked:+SYSSHIM_LOG="$PWD/disk/recording"} ${asked:+SYSSHIM_LOG_FORMAT=binary} LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./opens &
	pid=$!
	sleep 1
	for i in 1 2 3; do
		dd if=/dev/urandom of=disk/fill$i bs=64k 2>/dev/null
		dd if=/dev/urandom of=disk/more$i bs=4k 2>/dev/null
		sync -f disk
	done
	wait $pid
	status=$?
	[ $status -eq 5 ] || fail "${asked:-by default}: exit status $status"
	rm -f disk/fill* disk/more*
	sync -f disk
	XDG_STATE_HOME="$PWD/disk/state" "$SYSSHIM" trace ${asked:+disk/recording} >shown 2>err || fail "${asked:-by default}: trace: $(head -n 2 err)"
	[ "$(grep -c '"/etc/passwd"' shown)" -gt 1000 ] || fail "${asked:-by default}: $(wc -l <shown) lines are there"
done
