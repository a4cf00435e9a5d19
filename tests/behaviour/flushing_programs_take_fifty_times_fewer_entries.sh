#!/bin/bash
# grep --line-buffered, gawk with fflush, perl with $|, python3 -u, bash's echo, a C program with fflush: 200,000 lines are at least 200,000 kernel entries
# natively, and at most a fiftieth with us, as strace counts them. The output is the same.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >prints.c <<'C'
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 1; i <= atoi(argv[1]); i++) {
		fprintf(stdout, "%d\n", i);
		if (fflush(stdout))
			return 1;
	}
	return 0;
}
C
cc -O1 -o prints prints.c || fail "it does not compile"

# program NAME COUNT: its COUNT lines
program() {
	case $1 in
	grep) set -- grep --line-buffered . "seq.$2" ;;
	gawk) set -- gawk -v n="$2" 'BEGIN { for (i = 1; i <= n; i++) { print i; fflush() } }' ;;
	perl) set -- perl -e '$| = 1; print "$_\n" for 1 .. $ARGV[0]' "$2" ;;
	python3) set -- python3 -u -c 'import sys
for i in range(1, int(sys.argv[1]) + 1): print(i)' "$2" ;;
	bash) set -- bash -c 'for ((i = 1; i <= $1; i++)); do echo $i; done' bash "$2" ;;
	C) set -- ./prints "$2" ;;
	esac
	strace -c -f -o count -e trace=write,writev,pwritev2,pwrite64 ${shim[@]+"${shim[@]}"} "$@"
}
entries() {
	awk '$NF ~ /^(write|writev|pwritev2|pwrite64)$/ { sum += $4 } END { print sum + 0 }' count
}

seq 2000 >seq.2000
seq 200000 >seq.200000
said=
for name in grep gawk perl python3 bash C; do
	command -v "$name" >/dev/null || [ "$name" = C ] || { said="$said $name is not installed,"; continue; }
	# natively each line is one entry or more, which a hundredth of the lines shows
	shim=()
	program $name 2000 >out || fail "$name: natively status $?"
	cmp -s out seq.2000 && [ "$(entries)" -ge 2000 ] || fail "$name: natively only $(entries) entries for 2000 lines"
	shim=(-E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS=off)
	program $name 200000 >out || fail "$name: status $?"
	cmp out seq.200000 || fail "$name: the output differs"
	[ "$(entries)" -gt 0 ] && [ "$(entries)" -le 4000 ] || fail "$name: $(entries) entries for 200000 lines"
	said="$said $name $(entries),"
done
echo "entries for 200000 lines:${said%,}"
