#!/bin/bash
# timeout: 170
# Recordings that nobody has named a place for take a part of what is free on the user's disk, each and all together: on a disk of 256 MiB what he does there still finds room after
# twenty programs with a million calls each, and after two hundred small ones in one recording; so it is with the files that a disk can hold. Where somebody names the place, it is his to fill.
set -u
. "$SRC/tests/lib/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] || skip "a loop device needs root"
	unshare -m true 2>/dev/null || skip "no private mount namespace here (unshare -m)"
	exec unshare -m bash "$0" inside
fi
cat >calls.c <<'C_'
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--)
		lseek(0, 0, SEEK_CUR);
	return 0;
}
C_
gcc -O2 -o calls calls.c || fail "gcc"
truncate -s 256M image && mkfs.ext4 -q -m 0 image 2>err || skip "no mkfs.ext4: $(cat err)"
mkdir small && mount -o loop image small 2>err || skip "no loop device here: $(cat err)"
recorded() { env LD_PRELOAD="$SHIM" HOME="$PWD/small" XDG_STATE_HOME= SYSSHIM_STATS=off "$@"; }
used() { du -sm small/.local | cut -f 1; }

recorded ./calls 1000000 || fail "status $?"
[ "$(used)" -ge 8 ] && [ "$(used)" -le 20 ] || fail "a recording takes $(used) MiB of 240 that are free"
"$SYSSHIM" stat small/.local/state/sysshim/recordings/* >out || fail "stat: $?"
grep -q 'the oldest [0-9]* KiB were overwritten' out || fail "what is missing is not said: $(tail -1 out)"
for i in $(seq 20); do
	recorded ./calls 1000000 || fail "run $i: status $?"
done
[ "$(used)" -le 80 ] || fail "recordings take $(used) MiB"
[ "$(ls small/.local/state/sysshim/recordings | wc -l)" -ge 3 ] || fail "too few are kept: $(ls small/.local/state/sysshim/recordings)"
dd if=/dev/zero of=small/mine bs=1M count=150 status=none || fail "no room is left for the user"

# Of many programs there are so many files, and the others run all the same.
rm -rf small/mine small/.local
recorded bash -c 'for i in $(seq 600); do ./calls 10 || exit 1; done' || fail "many: status $?"
[ "$(used)" -le 20 ] || fail "many programs take $(used) MiB"
"$SYSSHIM" show small/.local/state/sysshim/recordings/* >out || fail "show: $?"
[ "$(grep -c 'calls 10$' out)" -ge 100 ] && grep -q 'program' <(tail -1 out) || fail "many: $(grep -c 'calls 10$' out): $(tail -1 out)"

# So it is with the number of files: each program has one.
umount small
truncate -s 1G image && mkfs.ext4 -q -F -m 0 -N 2000 image && mount -o loop image small || fail "no disk of few files"
recorded bash -c 'for i in $(seq 200); do ./calls 10 || exit 1; done' || fail "few files: status $?"
files=$(find small -name '*.rec' | wc -l)
[ "$files" -ge 60 ] && [ "$files" -le 125 ] || fail "a recording has $files of 2000 files"
for i in $(seq 8); do
	recorded bash -c 'for i in $(seq 200); do ./calls 10 || exit 1; done' || fail "few files, $i: status $?"
done
files=$(find small -name '*.rec' | wc -l)
[ "$files" -le 550 ] || fail "recordings have $files of 2000 files"
[ "$(ls small/.local/state/sysshim/recordings | wc -l)" -ge 3 ] || fail "few files: too few are kept: $(ls small/.local/state/sysshim/recordings)"
rm -rf small/.local

recorded SYSSHIM_LOG="$PWD/small/named" SYSSHIM_LOG_FORMAT=binary ./calls 1000000 || fail "named: status $?"
[ "$(du -sm small/named | cut -f 1)" -ge 45 ] || fail "one with a name is cut: $(du -sm small/named)"
umount small
exit 0
