#!/bin/bash
# Libraries that make system calls themselves, in the form that leaves no doubt (syscall; cmp $-4095): with rewrite-all those of them that are
# loaded at the start and those that come by dlopen lead to the gate. A form that may be anything is left alone, and counted.
set -u
. "$SRC/tests/lib/lib.sh"

cat >library.c <<'C'
/* one of each: a certain site, one that nothing stands behind, two bytes in data */
char zeros[300000];
__asm__(".text\n\t.byte 0x0f, 0x05, 0x90, 0x90");

__attribute__((noinline)) long certain(long number)
{
	long result;

	__asm__ volatile("syscall\n\tcmp $-4095, %%rax\n\tjae 1f\n1:" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result + zeros[number];
}

__attribute__((noinline)) long doubtful(long number)
{
	long result;

	__asm__ volatile("syscall\n\tnop\n\tnop" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}
C
cat >program.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

long certain(long), doubtful(long);

int main(int argc, char **argv)
{
	int right = 0;

	for (int i = 0; i < 5; i++)
		right += certain(SYS_getppid) == getppid() && doubtful(SYS_getuid) == getuid();
	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);
		long (*other)(long) = library ? (long (*)(long))dlsym(library, "certain") : NULL;
		if (!other)
			return 1;
		for (int j = 0; j < 3; j++)
			right += other(SYS_getppid) == getppid();
		dlclose(library);
	}
	printf("%d right\n", right);
	return 4;
}
C
cc -O1 -fPIC -shared -o libfirst.so library.c && cc -O1 -fPIC -shared -o libparts.so library.c && cc -O1 -fPIC -shared -Wl,-z,noseparate-code -o libwhole.so library.c &&
	cc -O1 -o program program.c "$PWD/libfirst.so" || fail "it does not compile"
for ways in rewrite-all,interpose rewrite-all rewrite,interpose; do
	same_run $ways SYSSHIM_INTERCEPT=$ways SYSSHIM_STATS="$PWD/$ways.stats" SYSSHIM_STATS_FORMAT=json -- "$PWD/program" "$PWD/libparts.so" "$PWD/libwhole.so" "$PWD/libparts.so"
	[ "$(cat $ways.native.out)" = "14 right" ] || fail "natively: $(cat $ways.native.out)"
	tail -n 1 $ways.stats | python3 -c 'import json, sys
row, all_of_them = json.load(sys.stdin), sys.argv[1].startswith("rewrite-all")
count = {name: entry["calls"] for name, entry in row["calls"].items()}
coverage = row["coverage"]
# getppid and getuid of libc itself are not hot
assert count.get("getppid", 0) == (2 * 14 if all_of_them else 0), count
assert count.get("getuid", 0) == (5 if all_of_them else 0), count
assert (coverage["foreign_rewritten"] >= 4, coverage["foreign_left"] >= 8) == (all_of_them, all_of_them), coverage' $ways ||
		fail "$ways: $(tail -n 1 $ways.stats)"
done
exit 0
