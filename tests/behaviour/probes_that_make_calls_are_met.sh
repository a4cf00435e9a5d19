#!/bin/bash
# A probe of a function's return, and from Linux 6.18 on one of a five-byte nop, makes a system call from a page that the kernel has put into the process, and which it takes
# from there only: elsewhere the first kills, the second is lost. While batches are made they are made where they stand, and each is met once.
set -u
. "$SRC/tests/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "uprobes need root"
[ "$(uname -m)" = x86_64 ] || skip "these calls are x86-64's"
if [ "${1:-}" != inside ]; then
	unshare -m true 2>/dev/null || skip "no private mount namespace here (unshare -m)"
	exec unshare -m bash "$0" inside
fi
tracing=$PWD/tracing
mkdir "$tracing"
mount -t tracefs none "$tracing" 2>/dev/null || skip "no tracefs here"
[ -w "$tracing/uprobe_events" ] || skip "this kernel has no uprobes"

cat >probed.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int returns(int), nops(int);
__asm__(".globl returns, nops\n.type returns, @function\n.type nops, @function\n"
	".p2align 4\nreturns: lea 1(%rdi,%rdi,2), %eax\nret\n.size returns, . - returns\n"
	".p2align 4\nnops: .byte 0x0f, 0x1f, 0x44, 0, 0\nlea 1(%rdi,%rdi,4), %eax\nret\n.size nops, . - nops\n");

int main(void)
{
	int file = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), sum = 0;

	for (int i = 0; i < 3000; i++) {
		if (write(file, "a line\n", 7) != 7)
			return 1;
		if (i % 50 == 0)
			sum += returns(i) + nops(i);
		if (i % 100 == 0)
			getppid();
	}
	printf("%d\n", sum);
	return 0;
}
C
cc -O1 -rdynamic -o probed probed.c || fail "it does not compile"
group=sysshim_r$$
remove() {
	[ -d "$tracing/events/$group" ] || return
	echo 0 >"$tracing/events/$group/enable"
	echo "-:$group/returns" >>"$tracing/uprobe_events"
	echo "-:$group/nops" >>"$tracing/uprobe_events"
}
trap remove EXIT
for way in r:returns p:nops; do
	offset=$(python3 "$SRC/tests/lib/elf_symbol.py" "$PWD/probed" "${way#*:}") || fail "no ${way#*:}"
	echo "${way%:*}:$group/${way#*:} $PWD/probed:$offset" >>"$tracing/uprobe_events" || skip "the kernel refuses a uprobe"
done
echo 1 >"$tracing/events/$group/enable"
hits() {
	awk -v file="$PWD/probed" '$1 == file { print $2, $3 }' "$tracing/uprobe_profile" | sort | tr '\n' ' '
}
./probed >native || fail "natively: status $?"
[ "$(hits)" = "nops 60 returns 60 " ] || skip "natively: $(hits)"
runs=1
for mode in SYSSHIM_LOG=off SYSSHIM_DISPATCH=always "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary"; do
	# shellcheck disable=SC2086
	shimmed $mode SYSSHIM_STATS="$PWD/stats" ./probed >shimmed || fail "$mode: status $?"
	cmp native shimmed || fail "$mode: other results"
	[ "$(wc -c <out)" -eq 21000 ] || fail "$mode: bytes are missing"
	grep -q '^ *coalesced: ' stats || fail "$mode: nothing was gathered"
	runs=$((runs + 1))
	[ "$(hits)" = "nops $((60 * runs)) returns $((60 * runs)) " ] || fail "$mode: $(hits), behind $runs runs"
	rm -f stats
done
exit 0
