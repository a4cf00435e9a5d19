#!/bin/bash
# Where a limit leaves no memory for the copy of the environment that an exec gets, its child is of this recording all the same: no summary of its own, no recording of its own, no complaint once more. Several execs, one
# after the other, that fail too; of forked, of vfork's children and of the program itself.
set -u
. "$SRC/tests/lib/lib.sh"

cat >limited.c <<'C'
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What is left after that is too little for us; the children, which begin anew, have enough. */
static void limit(int resource, const char *line, size_t left)
{
	char text[256];
	size_t used = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (fgets(text, sizeof text, status))
		if (!strncmp(text, line, strlen(line)))
			used = strtoul(text + strlen(line), NULL, 10) << 10;
	fclose(status);
	struct rlimit most = {used + left, used + left};
	setrlimit(resource, &most);
}

int main(int argc, char **argv)
{
	char *const echo[] = {"echo", "child", NULL}, *const nothing[] = {"nothing", NULL};
	int data = argc > 1 && !strcmp(argv[1], "data");
	void *much = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	limit(data ? RLIMIT_DATA : RLIMIT_AS, data ? "VmData:" : "VmSize:", 300 << 10);
	for (int i = 0; i < 3 && much != MAP_FAILED; i++) {
		posix_spawn(&pid, "/nowhere/nothing", NULL, NULL, nothing, environ);
		if (posix_spawn(&pid, "/bin/echo", NULL, NULL, echo, environ) == 0)
			waitpid(pid, NULL, 0);
		if ((pid = fork()) == 0) {
			execv("/nowhere/nothing", nothing);
			execv("/bin/echo", echo);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	execv("/bin/echo", echo);
	return 1;
}
C
cc -O1 -o limited limited.c || fail "cc does not compile"
for limit in data space; do
	[ "$(./limited $limit | grep -c child)" -eq 7 ] || fail "$limit: not as it should be natively: $(./limited $limit)"
	rm -rf state
	env LD_PRELOAD="$SHIM" XDG_STATE_HOME="$PWD/state" ./limited $limit >out 2>err || fail "$limit: status $?"
	[ "$(grep -c child out)" -eq 7 ] || fail "$limit: $(cat out err)"
	[ "$(grep -c '^sysshim: ' err)" -eq 1 ] || fail "$limit: not one summary: $(grep '^sysshim: ' err)"
	[ "$(ls state/sysshim/recordings | wc -l)" -eq 1 ] || fail "$limit: not one recording: $(ls state/sysshim/recordings)"
	XDG_STATE_HOME="$PWD/state" "$SYSSHIM" files >files.out 2>&1
	grep -qE '^x +7 +.* /(usr/)?bin/echo$' files.out || fail "$limit: seven programs are not in the audit: $(cat files.out)"
	grep -q 'coverage: 7 processes, 11 programs' files.out || fail "$limit: $(grep coverage files.out)"
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$limit.log" ./limited $limit >out 2>err || fail "$limit, as lines: status $?"
	[ "$(grep -c child out)" -eq 7 ] && [ ! -s err ] || fail "$limit, as lines: $(cat out err)"
done
exit 0
