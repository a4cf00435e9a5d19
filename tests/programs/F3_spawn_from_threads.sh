#!/bin/bash
# timeout: 120
# Threads that spawn at the same time: no child gets another's environment, all run, and all are in the one recording.
set -u
. "$SRC/tests/lib/lib.sh"

for way in 0 1 2; do
	same_run few.$way -- timeout 60 "$PROGRAM" 4 100 $way
done
grep -qx 'refused 0, died 0' few.0.native.out || fail "natively: $(cat few.0.native.out)"
same_run interposed SYSSHIM_INTERCEPT=interpose -- timeout 60 "$PROGRAM" 4 100 0
# nobody tells us there that a child has gone, and its environment is given back all the same
cat >sizes.c <<'C'
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static long pages(void)
{
	long all = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (statm && fscanf(statm, "%ld", &all) != 1)
		all = 0;
	if (statm)
		fclose(statm);
	return all;
}
int main(void)
{
	extern char **environ;
	char *arguments[] = {"true", NULL};
	long before = pages();

	for (int i = 0; i < 1000; i++) {
		pid_t pid = vfork();
		int status;
		if (pid == 0) {
			execve("/bin/true", arguments, environ);
			_exit(99);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return pages() > before + 10000 ? 2 : 0;
}
C
cc -O1 -o sizes sizes.c || fail "no compiler"
same_run left SYSSHIM_INTERCEPT=interpose -- timeout 60 ../sizes
shimmed SYSSHIM_STATS=off SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary timeout 60 "$PROGRAM" 40 10 2 >out 2>err || fail "with a recording: status $?: $(cat err)"
grep -qx 'refused 0, died 0' out && [ ! -s err ] || fail "with a recording: $(cat out err)"
"$SYSSHIM" show recording >shown || fail "the recording is not read"
[ "$(grep -c ' true$' shown)" -eq 400 ] || fail "of 400 children $(grep -c ' true$' shown) are in the recording"
exit 0
