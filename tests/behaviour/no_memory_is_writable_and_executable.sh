#!/bin/bash
# In a program with the shim no memory is writable and executable, none is executable without a file behind it but what the kernel itself puts there,
# and libc's text, where sites were changed, still belongs to libc's file: by default, with every site, with dispatch from the start, and while
# bytes are gathered. Our own objects ask for no executable stack, and their tables of addresses are read-only once they are filled.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#include <fcntl.h>
#include <unistd.h>
/* Gathers, and then makes no call any more. */
int main(void)
{
	int fd = open("lines", O_CREAT | O_WRONLY | O_TRUNC, 0600);

	for (int i = 0; i < 200; i++)
		write(fd, "0123456789\n", 11);
	for (;;)
		;
}
C
cc -O1 -o program program.c || fail "it does not compile"
shim=$(readlink -f "$SHIM")

# looked NAME: maps
looked() {
	[ -s maps ] && grep -q 'r-xp.*libsysshim' maps || fail "$1: the shim is not there: $(cat maps)"
	# the permissions are the second word; the path is the sixth, and [vdso], [vsyscall] have no inode
	awk '$2 ~ /w.*x/' maps | grep . && fail "$1: writable and executable"
	awk '$2 ~ /x/ && ($5 == 0 || $6 == "") && $6 !~ /^\[(vdso|vsyscall|uprobes)\]$/' maps | grep . && fail "$1: executable, and no file"
	awk '$2 ~ /x/ && $6 ~ /^\// {print $6}' maps | sort -u >files
	grep -vE '/(cat|program|libc[.-].*|ld-.*|libdl[-.].*|libpthread[-.].*|libsysshim.*)$' files | grep -vxF "$shim" | grep . && fail "$1: executable, and not the program's"
	return 0
}

for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/log" SYSSHIM_INTERCEPT=rewrite-all SYSSHIM_DISPATCH=always \
	"SYSSHIM_INTERCEPT=rewrite-all SYSSHIM_DISPATCH=always" SYSSHIM_INTERCEPT=interpose; do
	# shellcheck disable=SC2086
	shimmed SYSSHIM_STATS=off $settings cat /proc/self/maps >maps || fail "$settings: it fails"
	looked "$settings"
done

# armed: seen from outside, so that no call ends it
env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off ./program &
child=$!
trap 'kill -9 $child 2>/dev/null' EXIT
for ((i = 0; i < 500; i++)); do
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$child/status)
	# SIGSYS, 31
	[ "$caught" ] && (((16#$caught >> 30) & 1)) && [ -s lines ] && break
	sleep 0.01
done
[ $i -lt 500 ] || skip "nothing is armed here"
cat /proc/$child/maps >maps
looked armed

for object in "$SHIM" "$SYSSHIM" "$BUILD/sysshim-tracer"; do
	readelf -lW "$object" >headers || fail "$object: no headers"
	grep -q 'GNU_STACK.* RW ' headers || fail "$object: an executable stack: $(grep STACK headers)"
	grep -qE 'LOAD.* RWE ' headers && fail "$object: a writable and executable segment: $(grep LOAD headers)"
	grep -q GNU_RELRO headers || fail "$object: no table of addresses becomes read-only"
	readelf -dW "$object" | grep -q TEXTREL && fail "$object: text that is relocated"
done
exit 0
