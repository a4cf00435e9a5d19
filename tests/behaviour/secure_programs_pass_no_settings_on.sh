#!/bin/bash
# A program with others' rights that has loaded the shim all the same (/etc/ld.so.preload, or it is linked with it) reads no setting, opens and makes
# nothing, and takes our names out of its environment, as ld.so takes out its own: what it executes with these rights would else write to a path,
# run a tracer or have errors injected that its caller has chosen. What only takes away stays.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

/* launch PROGRAM: with names of ours and of ld.so's by the hundred. secure: what it has, then it becomes what has its group for good. */
int main(int argc, char **argv)
{
	static char many[600][32], *environment[2000];
	int count = 0, ours = 0;

	if (argc == 3 && !strcmp(argv[1], "launch")) {
		for (char **e = environ; *e; e++)
			environment[count++] = *e;
		for (int i = 0; i < 600; i++) {
			sprintf(many[i], i % 2 ? "SYSSHIM_MANY_%d=1" : "LD_LIBRARY_PATH=/%d", i);
			environment[count++] = many[i];
		}
		execve(argv[2], (char *[]){argv[2], "secure", "child", NULL}, environment);
		return 9;
	}
	for (char **e = environ; *e; e++) {
		ours += !strncmp(*e, "SYSSHIM_", 8);
		if (!strncmp(*e, "SYSSHIM_", 8) || !strncmp(*e, "KEPT", 4))
			printf("[%s]", *e);
	}
	printf(" %s %d of ours, secure %ld\n", argv[1], ours, getauxval(AT_SECURE));
	fflush(stdout);
	if (argc == 3) {
		gid_t group = getegid();
		if (setresgid(group, group, group) != 0)
			return 8;
		execl("./child", "./child", "child", NULL);
		return 9;
	}
	return 5;
}
C
group=$(id -G | tr ' ' '\n' | grep -vx "$(id -g)" | head -n 1)
[ "$(id -u)" -eq 0 ] && group=65534
[ "$group" ] || skip "no second group to give a program to"
cp "$SHIM" libsysshim.so
cc -o child program.c -Wl,--no-as-needed ./libsysshim.so -Wl,-rpath,"$PWD" && cc -o launch program.c || fail "they do not compile"
cp child secure && cp launch plain && chgrp "$group" secure plain && chmod 2755 secure plain || skip "no set-group-id program can be made"
./plain plain | grep -q 'secure 1' || skip "set-group-id has no effect here"
cat >evil <<'S'
#!/bin/sh
echo >ran
S
chmod 755 evil
settings=("KEPT=1" "SYSSHIM_LOG=$PWD/made.log" SYSSHIM_STATS=off "SYSSHIM_TRACER=$PWD/evil" "SYSSHIM_INJECT=write:error=EIO" "SYSSHIM_STATE=$PWD/made.state"
	SYSSHIM_RECORDING=1.2.3)

# the same settings and no other rights: they have an effect, so the program has the shim
env -i "${settings[@]}" ./child child >out 2>err
ls made.log* >/dev/null 2>&1 || fail "the program has no shim: $(cat out err)"
rm -f made.*

expected='[KEPT=1][SYSSHIM_STATS=off] secure 1 of ours, secure 1
[KEPT=1][SYSSHIM_STATS=off] child 1 of ours, secure 0'
env -i "${settings[@]}" ./secure secure child >out 2>err
status=$?
[ $status -eq 5 ] && [ "$(cat out)" = "$expected" ] && [ ! -s err ] || fail "status $status: $(cat out err)"
ls -d made* ran >/dev/null 2>&1 && fail "something was made: $(ls -d made* ran)"
# more entries than anybody looks behind for the auxiliary vector
env -i "${settings[@]}" ./launch launch ./secure >out 2>err
[ $? -eq 5 ] && [ "$(cat out)" = "$expected" ] && [ ! -s err ] || fail "by the hundred: $(cat out err)"
ls -d made* ran >/dev/null 2>&1 && fail "by the hundred: something was made: $(ls -d made* ran)"

# the secure program itself asks the kernel for nothing of ours
if [ "$(id -u)" -eq 0 ] && command -v strace >/dev/null && strace -o log true 2>/dev/null; then
	strace -f -o log env -i "${settings[@]}" ./secure secure child >out 2>err
	sed -n '/execve("\.\/secure"/,/execve("\.\/child"/p' log >own
	grep -q 'secure 1' out && grep -q 'libsysshim.so".* = 3' own || fail "under strace: $(cat out err)"
	sed '1d;$d' own | grep -E '/made|/sites/|/total|\.rec|/proc/|mremap|mprotect\(.*PROT_WRITE|truncate|process_vm|rt_sigaction|prctl\(PR_' && fail "it did something of ours"
	sed -n '/execve("\.\/child"/,$p' log | grep -q "/total\|rt_sigaction\|/proc/self/mem\|mprotect.*PROT_READ|PROT_WRITE" || fail "what tells whether it did something tells nothing"
fi
exit 0
