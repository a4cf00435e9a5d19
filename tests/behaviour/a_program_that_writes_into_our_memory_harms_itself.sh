#!/bin/bash
# timeout: 60
# What the shim keeps in a process is that process's to write into, and so are the files that it has mapped: the program may crash, or its recording be
# nonsense. Its parent, what runs beside and behind it, other files and who reads the recording afterwards are as ever.
set -u
. "$SRC/tests/lib/lib.sh"

cat >scribble.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* Into all writable mappings whose line has one of these words. */
int main(int argc, char **argv)
{
	static struct { unsigned long from, to; } found[64];
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096], rights[8];
	int count = 0, end = 0;

	while (count < 64 && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %7s %n", &found[count].from, &found[count].to, rights, &end) == 3 && rights[1] == 'w' &&
		    (strstr(line, "libsysshim") || strstr(line, ".rec") || strstr(line, "/total")))
			count++;
	printf("%d mappings\n", count);
	fflush(stdout);
	for (int i = 0; i < count; i++)
		/* A recording's window goes far beyond its file's end. */
		for (unsigned long at = found[i].from; at < found[i].to && at < found[i].from + (132 << 10); at += 8)
			*(unsigned long *)at = argc > 2 ? (unsigned long)random() << 33 | (unsigned long)random() : strtoul(argv[1], NULL, 0);
	return 3;
}
C
cc -O1 -o scribble scribble.c || fail "it does not compile"
echo precious >beside
for with in 0 0xffffffffffffffff 0x4141414141414141 "1 random"; do
	rm -rf recording
	# shellcheck disable=SC2016
	timeout -s KILL 20 env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off bash -c \
		'for i in {1..50}; do echo $i; done >lines; timeout -s KILL 5 ./scribble $1; /bin/echo after; cat beside; exit 7' bash "$with" >out 2>err
	[ $? -eq 7 ] && grep -qx after out && grep -qx precious out || fail "$with: the others are not as ever: $(cat out err)"
	grep -q '^[1-9][0-9]* mappings' out || fail "$with: nothing was written over: $(cat out)"
	[ "$(cat beside)" = precious ] && seq 50 | cmp - lines || fail "$with: other files were touched"
	for command in files trace stat show; do
		timeout 20 "$SYSSHIM" $command recording >read 2>&1
		[ $? -le 2 ] || fail "$with: sysshim $command: $(tail -n 3 read)"
	done
	grep -q 'echo after' read || fail "$with: what ran beside it is not in the recording: $(cat read)"
done
exit 0
