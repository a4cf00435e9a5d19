#!/bin/bash
# 1,000,000 writes of one byte: at most 40 kernel entries that write to a file, at most 600 to cat, as strace counts them; every byte is there. Their recording, of 16 bytes
# each, is written in whole chunks of 32 KiB.
# timeout: 180
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >drips.c <<'C'
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 1000000; i++)
		if (write(1, &"abcdefghijklmnopqrstuvwxyz\n"[i % 27], 1) != 1)
			return 1;
	return 0;
}
C
cc -O1 -o drips drips.c || fail "it does not compile"
./drips >wanted || fail "it fails natively"

# entries FILE: strace's lines. What the start writes into the process's own text is no file's, and the recording's are ours.
entries() {
	grep -E '(write|writev|pwritev2|pwrite64)\(' "$1" | grep -vcE 'pwrite64\([0-9]+</proc/[0-9]+/mem>|<[^>]*/sysshim/recordings/[^>]*\.rec>'
}
chunks() {
	local all=$(grep -cE '<[^>]*/sysshim/recordings/[^>]*\.rec>' "$1") whole=$(grep -cE '<[^>]*\.rec>.*, 32768, [0-9]+\) = 32768' "$1")
	[ "$all" -eq "$whole" ] && [ "$all" -le $((16 * 1000000 / 32768 + 20)) ] || fail "the recording: $all entries, $whole of them of a whole chunk"
}
count() {
	strace -f -y -o "$1" -e trace=write,writev,pwritev2,pwrite64 -E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS=off ./drips
}
count file.count >file || fail "to a file: status $?"
cmp file wanted || fail "to a file: bytes differ"
chunks file.count
[ "$(entries file.count)" -gt 0 ] && [ "$(entries file.count)" -le 40 ] || fail "to a file: $(entries file.count): $(cut -c1-100 file.count | head -n 60)"
(set -o pipefail; count pipe.count | cat >piped) || fail "to a pipe: status $?"
cmp piped wanted || fail "to a pipe: bytes differ"
[ "$(entries pipe.count)" -gt 0 ] && [ "$(entries pipe.count)" -le 600 ] || fail "to a pipe: $(entries pipe.count): $(cut -c1-100 pipe.count | head -n 60)"
echo "$(entries file.count) entries to a file, $(entries pipe.count) to a pipe"
