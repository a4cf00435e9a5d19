#!/bin/bash
# 1,000,000 writes of one byte: at most 40 kernel entries that write to a file, at most 600 to cat, as strace counts them; every byte is there.
# timeout: 180
set -u
. "$SRC/tests/lib/lib.sh"
command -v strace >/dev/null || skip "strace is not installed"
strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"

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

# entries FILE: the sum of strace's counts
entries() {
	awk '$NF ~ /^(write|writev|pwritev2|pwrite64)$/ { sum += $4 } END { print sum + 0 }' "$1"
}
count() {
	strace -c -f -o "$1" -e trace=write,writev,pwritev2,pwrite64 -E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS=off ./drips
}
count file.count >file || fail "to a file: status $?"
cmp file wanted || fail "to a file: bytes differ"
[ "$(entries file.count)" -gt 0 ] && [ "$(entries file.count)" -le 40 ] || fail "to a file: $(cat file.count)"
(set -o pipefail; count pipe.count | cat >piped) || fail "to a pipe: status $?"
cmp piped wanted || fail "to a pipe: bytes differ"
[ "$(entries pipe.count)" -gt 0 ] && [ "$(entries pipe.count)" -le 600 ] || fail "to a pipe: $(cat pipe.count)"
echo "$(entries file.count) entries to a file, $(entries pipe.count) to a pipe"
