#!/bin/bash
# A state folder on tmpfs takes memory, for which a container may end its programs: what nobody has asked for stays small there, and says what it has lost.
# What was asked for is whole.
set -u
. "$SRC/tests/lib/lib.sh"

memory=$(mktemp -d /dev/shm/sysshim.XXXXXX) || skip "no /dev/shm"
trap 'rm -rf "$memory"' EXIT
[ "$(stat -f -c %T "$memory")" = tmpfs ] || skip "/dev/shm is no tmpfs"
cat >opens.c <<'C'
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 60000; i++)
		close(open("/some/path/that/is/not/there/but/has/a/length", O_RDONLY));
}
C
gcc -O1 -o opens opens.c || fail "no program"
env XDG_STATE_HOME="$memory" LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./opens || fail "status $?"
size=$(du -sk "$memory" | cut -f 1)
[ "$size" -le 2048 ] || fail "the recording takes $size KiB of memory"
XDG_STATE_HOME="$memory" "$SYSSHIM" trace >shown 2>err
grep -q 'overwritten' err || fail "what was lost is not said: $(cat err)"
[ "$(grep -c '/some/path' shown)" -gt 5000 ] || fail "only $(wc -l <shown) lines are there"
env SYSSHIM_LOG="$memory/asked" SYSSHIM_LOG_FORMAT=binary LD_PRELOAD="$SHIM" SYSSHIM_STATS=off ./opens || fail "status $?"
[ "$("$SYSSHIM" trace "$memory/asked" 2>/dev/null | grep -c '/some/path')" -eq 60000 ] || fail "what was asked for is not whole"
