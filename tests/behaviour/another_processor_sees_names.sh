#!/bin/bash
# timeout: 300
# On aarch64 libc is not rewritten: names are seen. Built by a cross compiler, and run in qemu's emulation of a user's program, which knows neither process_vm_readv(2) nor
# MADV_WIPEONFORK: so nothing forks here, and paths are addresses. (A whole machine in qemu-system-aarch64 has both.)
set -u
. "$SRC/tests/lib/lib.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64-static; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done

{ cmake -S "$SRC" -B build --toolchain "$SRC/tests/lib/aarch64.cmake" -DSYSSHIM_WERROR=ON -DUTHASH_INCLUDE="$(dirname "$(find /usr/include -name uthash.h)")" \
	-DCAPSTONE_INCLUDE=/usr/include -DCAPSTONE=capstone && cmake --build build; } >build.txt 2>&1 || { tail -n 20 build.txt; fail "it does not build for aarch64"; }
cat >program.c <<'C'
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void handler(int signal)
{
	(void)signal;
	write(1, "handled\n", 8);
}

int main(void)
{
	char text[8] = "";
	struct stat status;
	int file = open("made", O_CREAT | O_RDWR, 0600), ends[2];
	for (int i = 0; i < 100; i++)
		if (write(file, "line\n", 5) != 5)
			return 1;
	FILE *stream = fopen("made", "r");
	printf("%s", fgets(text, sizeof text, stream));
	fclose(stream);
	closedir(opendir("."));
	printf("%d", access("missing", R_OK));
	printf(" %d\n", errno);
	printf("%d %d\n", rename("made", "renamed"), unlink("missing"));
	printf("%d %d\n", mkdir("folder", 0700), rmdir("folder"));
	printf("%d\n", stat("renamed", &status) + (int)status.st_size);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	printf("%d %d\n", pipe(ends), dup2(ends[1], 20));
	printf("%d %d\n", (int)write(20, "abc", 3), (int)read(ends[0], text, 3));
	fflush(stdout);
	_exit(7);
}
C
aarch64-linux-gnu-gcc -O2 -w -o program program.c || fail "the program does not compile"
emulated() {
	qemu-aarch64-static -L /usr/aarch64-linux-gnu "$@"
}
mkdir native log recording
(cd native && emulated ../program >../native.txt; echo $? >>../native.txt)
(cd log && emulated -E LD_PRELOAD="$PWD/../build/libsysshim.so" -E SYSSHIM_STATS="$PWD/../stats" -E SYSSHIM_LOG="$PWD/../lines" ../program >../log.txt; echo $? >>../log.txt)
(cd recording && emulated -E LD_PRELOAD="$PWD/../build/libsysshim.so" -E SYSSHIM_STATS=off -E SYSSHIM_LOG="$PWD/../made" -E SYSSHIM_LOG_FORMAT=binary ../program >../recording.txt
	echo $? >>../recording.txt)
cmp native.txt log.txt || fail "with a log: $(diff native.txt log.txt)"
cmp native.txt recording.txt || fail "with a recording: $(diff native.txt recording.txt)"
diff native/renamed log/renamed || fail "what was written differs"
grep -q 'on this processor libc is not rewritten' stats || fail "the coverage does not say why only names are seen: $(cat stats)"
emulated build/sysshim trace made >trace.txt || fail "the recording is not read: $(cat trace.txt)"
for file in lines trace.txt; do
	[ "$(grep -c ' write(3, ' $file)" = 100 ] || fail "$file: not a hundred writes"
	# As this processor's libc makes them.
	sed -n 's/^[^ ]* [^ ]* \([a-z_0-9]*\)(.*) = \(-\{0,1\}[0-9][0-9]*\).*/\1 \2/p' $file | grep -v 'write 5' >calls.txt
	diff - calls.txt <<'END' || fail "$file: other calls"
openat 3
openat 4
openat 4
faccessat -1
renameat 0
unlinkat -1
mkdirat 0
unlinkat 0
newfstatat 0
write 8
pipe2 0
dup3 20
write 3
read 3
END
done
"$BUILD/sysshim" trace made >foreign.txt 2>&1 && fail "a recording of another processor's numbers is read as ours: $(head -n 3 foreign.txt)"
grep -q "another processor" foreign.txt || fail "it is not said what is wrong with that recording: $(cat foreign.txt)"
