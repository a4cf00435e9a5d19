#!/bin/bash
# A quota ends a file's space at a byte that only the kernel knows, and a program whose last bytes meet it must hear of it before it exits: nothing is gathered
# where quotas are enforced, and all is where they are off or only counted. quotactl_fd(2)'s answer is put in by strace, as few kernels and file systems of
# test machines have quotas; btrfs', which has another way, is made where it can be.
set -u
. "$SRC/tests/lib/lib.sh"

cat >chatty.c <<'C'
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);

	for (int i = 0; i < 3000; i++)
		if (write(fd, "x", 1) != 1)
			return 1;
	return 0;
}
C
cc -O1 -o chatty chatty.c || fail "it does not compile"

# gathers yes|no FOLDER COMMAND...: whether the program, started by COMMAND, gathers writes to a file in FOLDER
gathers() {
	local expected=$1 file=$2/file found=no
	shift 2
	"$@" env SYSSHIM_LOG=off LD_PRELOAD="$SHIM" ./chatty "$file" >out 2>err || fail "$*: exit status $?: $(tail -n 3 err)"
	[ "$(stat -c %s "$file")" -eq 3000 ] || fail "$*: the file has $(stat -c %s "$file") bytes"
	grep -q '^  coalesced: ' err && found=yes
	[ $found = $expected ] || fail "$*: gathered: $found, expected: $expected: $(tail -n 5 err)"
}

# answer HEX...: quotactl_fd gives a struct fs_quota_stat whose qs_flags, at byte 2, are these
answer() {
	echo "strace -f -o strace.out -e trace=quotactl_fd -e inject=quotactl_fd:retval=0:poke_exit=@arg4=0100$1"
}

case $(stat -f -c %T .) in
ext* | xfs | tmpfs | f2fs) ;;
*) skip "the test's folder is on $(stat -f -c %T .)" ;;
esac
gathers yes .
for enforced in 0200 0800 2000 0300 3f00; do
	gathers no . $(answer $enforced)
	grep -q 'Q_XGETQSTAT' strace.out || fail "quotactl_fd is not asked"
done
# accounted, not enforced
gathers yes . $(answer 1500)
gathers yes . strace -f -o strace.out -e trace=quotactl_fd -e inject=quotactl_fd:error=EPERM

command -v mkfs.btrfs >/dev/null || skip "mkfs.btrfs is not installed: btrfs' quotas are not tried"
truncate -s 2G image && mkfs.btrfs -q -f image >/dev/null 2>&1 || skip "no btrfs can be made: its quotas are not tried"
mkdir disk && mount -o loop image disk 2>mount.err || skip "no btrfs can be mounted, its quotas are not tried: $(head -n 1 mount.err)"
trap 'umount "$PWD/disk"' EXIT
gathers yes disk
btrfs quota enable disk || fail "no quota can be enabled"
gathers no disk
btrfs quota disable disk || fail "quota cannot be disabled"
gathers yes disk
