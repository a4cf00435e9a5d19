#!/bin/bash
# XFS answers a store into a mapped file by SIGBUS where it has shut itself down (an error of its disk), and where the file was copied by a reflink (cp does
# that) and the disk is full. A program with a recording there, which has nothing else there, runs on; so does its child.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

for command in mkfs.xfs xfs_io; do
	command -v $command >/dev/null || skip "$command is not installed"
done
cat >opens.c <<'C'
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	time_t end = time(NULL) + atoi(arguments[1]);
	int status = 0;

	(void)count;
	while (time(NULL) < end) {
		for (int i = 0; i < 300; i++)
			close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
		usleep(2000);
	}
	if (fork() == 0)
		_exit(7);
	wait(&status);
	return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 5 : 6;
}
C
gcc -O1 -o opens opens.c || fail "no program"
trap 'umount "$PWD/disk" 2>/dev/null' EXIT
mkdir disk
for trace in all audit; do
	for event in shutdown full; do
		rm -f image
		truncate -s 320M image && mkfs.xfs -q -f image >/dev/null 2>&1 || skip "no XFS can be made"
		mount -o loop image disk 2>mount.err || skip "no XFS can be mounted: $(head -n 1 mount.err)"
		mkdir disk/state
		env XDG_STATE_HOME="$PWD/disk/state" SYSSHIM_TRACE=$trace LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./opens 4 &
		pid=$!
		sleep 1
		if [ $event = full ]; then
			cp -r --reflink=auto disk/state disk/copy
			dd if=/dev/zero of=disk/fill bs=1M 2>/dev/null
			dd if=/dev/zero of=disk/more bs=4k 2>/dev/null
			sync -f disk
		else
			sync -f disk
			xfs_io -x -c shutdown disk || skip "XFS is not shut down"
		fi
		wait $pid
		status=$?
		[ $status -eq 5 ] || fail "$trace, $event: exit status $status"
		umount disk || fail "$trace, $event: it is still in use"
	done
done
