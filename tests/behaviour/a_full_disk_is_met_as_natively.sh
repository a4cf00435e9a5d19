#!/bin/bash
# Programs that write small pieces until there is no room: a tmpfs of 64 KiB, an ext4 on a loop device, RLIMIT_FSIZE, /dev/full. Exit status,
# messages and what stands in the file are as natively, also where the program learns of it only at its end.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && as=-m || as=-Urm
	unshare $as true 2>/dev/null || skip "no private mount namespace here (unshare $as)"
	exec unshare $as bash "$0" inside
fi
cat >fills.c <<'C'
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* fills FILE LINES WAY: by write, by stdio with a flush a line, by stdio that learns of it in fclose, or careless */
int main(int argc, char **argv)
{
	int lines = atoi(argv[2]), fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	const char *way = argv[3];
	char text[64];
	FILE *f = fdopen(fd, "w");

	if (!f)
		return 2;
	if (strcmp(way, "ignored") == 0)
		signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < lines; i++) {
		int length = sprintf(text, "line %d of a file that grows\n", i);
		if (strcmp(way, "stdio") == 0 || strcmp(way, "late") == 0) {
			if (fputs(text, f) < 0 || (way[0] == 's' && fflush(f))) {
				fprintf(stderr, "line %d: %s\n", i, strerror(errno));
				return 3;
			}
			continue;
		}
		ssize_t result = write(fd, text, (size_t)length);
		if (result != length && strcmp(way, "careless") != 0) {
			fprintf(stderr, "line %d: %zd %s\n", i, result, result < 0 ? strerror(errno) : "");
			result = write(fd, text, (size_t)length);
			fprintf(stderr, "again: %zd %s, at %ld\n", result, result < 0 ? strerror(errno) : "", (long)lseek(fd, 0, SEEK_CUR));
			close(fd);
			return 4;
		}
	}
	if (fclose(f)) {
		perror("fclose");
		return 5;
	}
	return 0;
}
C
cc -O1 -o fills fills.c || fail "it does not compile"
cat >script.sh <<'SCRIPT'
# script.sh FILLS PLACE LINES: what is left of each file is said, for the place is emptied
fills=$1 place=$2 lines=$3
finish() {
	echo "$1: status $?"
	[ ! -f "$place/$1" ] || { stat -c %s "$place/$1"; md5sum <"$place/$1"; rm -f "$place/$1"; }
}
name() { if [ -d "$place" ]; then echo "$place/$1"; else echo "$place"; fi; }
for way in write stdio late careless ignored; do
	"$fills" "$(name $way)" $lines $way; finish $way
done
perl -e '$| = 1; open F, ">", $ARGV[0] or die "$!"; select F; $| = 1; for (1 .. $ARGV[1]) { print "line $_ of a file that grows\n" or die "line $_: $!" } close F or die "close: $!"' "$(name perl)" $lines; finish perl
perl -e 'open F, ">", $ARGV[0] or die "$!"; for (1 .. $ARGV[1]) { syswrite F, "line $_ of a file that grows\n" or die "line $_: $!" }' "$(name syswrite)" $lines; finish syswrite
bash -c 'i=0; while [ $i -lt 4000 ]; do echo "line $i of a file that grows" || { echo "line $i: status $?" >&2; exit 9; }; i=$((i + 1)); done >"$1"' bash "$(name bash)"; finish bash
sh -c 'i=0; while [ $i -lt 4000 ]; do echo "line $i of a file that grows" || { echo "line $i: status $?" >&2; exit 9; }; i=$((i + 1)); done >"$1"' sh "$(name sh)"; finish sh
dd if=/dev/zero of="$(name dd)" bs=17 count=$lines status=none; finish dd
dd if=/dev/zero of="$(name ddsync)" bs=17 count=$lines status=none conv=fsync; finish ddsync
gawk -v name="$(name gawk)" -v lines=$lines 'BEGIN { for (i = 0; i < lines; i++) { print "line", i, "of a file that grows" >name; fflush(name) } }'; finish gawk
seq $lines | grep --line-buffered . >"$(name grep)"; finish grep
seq $lines | sed -u s/^/line/ >"$(name sed)"; finish sed
python3 -u -c 'import sys
for i in range(int(sys.argv[1])): sys.stdout.write("line %d of a file that grows\n" % i)' $lines >"$(name python)"; finish python
seq $lines | tee "$(name tee)" | tail -n 1; finish tee
echo over
SCRIPT

# compare NAME PLACE LINES [COMMAND-IN-FRONT...]
compare() {
	local name=$1 place=$2 lines=$3
	shift 3
	for burst in 16 1; do
		same_run "$name-$burst" SYSSHIM_BURST=$burst -- "$@" bash "$PWD/script.sh" "$PWD/fills" "$place" "$lines"
		tail -n 1 "$name-$burst.native.out" | grep -q '^over$' || fail "$name: natively it does not come to its end"
		grep -q "$full" "$name-$burst.native.err" || fail "$name: natively it is not full: $(cat "$name-$burst.native.err")"
	done
}

full='No space left'
mkdir small
mount -t tmpfs -o size=64k none small 2>/dev/null || skip "no tmpfs can be mounted here"
compare tmpfs "$PWD/small" 5000
# becomes full in the middle: most is taken away beforehand
head -c 40000 /dev/zero >small/filler
compare little "$PWD/small" 2000
compare full-device /dev/full 100
full='File too large'
mkdir limited
# bash names the number of a process that a signal has ended
compare limit "$PWD/limited" 3000 bash -c 'ulimit -f 40; { "$@" 2>&1 1>&3 | sed "s/: *[0-9]* File size/: N File size/" >&2; } 3>&1' bash

full='No space left'
said="an ext4 on a loop device is not tested"
if command -v mkfs.ext4 >/dev/null && truncate -s 8M image && mkfs.ext4 -q -O ^has_journal image 2>/dev/null; then
	mkdir loop
	if mount -o loop,nodelalloc image loop 2>/dev/null; then
		head -c 9000000 /dev/zero >loop/filler 2>/dev/null
		truncate -s -60K loop/filler && sync loop/filler
		compare ext4 "$PWD/loop" 5000
		umount loop
		said=
	fi
fi
[ -z "$said" ] || echo "$said"
exit 0
