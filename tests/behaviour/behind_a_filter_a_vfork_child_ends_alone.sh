#!/bin/bash
# A program that has made itself a seccomp filter, where nobody is asked who he is: the end of its vfork child is not its own, in the recording nor in the summary.
set -u
. "$SRC/tests/lib/lib.sh"

cat >ends.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, allow};

	if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	pid_t child = vfork();
	if (!child)
		_exit(3);
	if (waitpid(child, NULL, 0) != child)
		return 1;
	if (!strcmp(arguments[1], "exec"))
		execl("/bin/true", "true", NULL);
	if (!strcmp(arguments[1], "waits"))
		pause();
	return 5;
}
C
cc -O1 -w -o ends ends.c || fail "cc does not compile"
run() { shimmed SYSSHIM_LOG="$PWD/of.$1" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS="$PWD/stats.$1" "${@:2}" ./ends "$1"; }
run returns
status=$?
[ $status = 77 ] && exit 77
[ $status = 5 ] && "$SYSSHIM" show of.returns | grep -q 'exited with 5' && grep -q '^sysshim: ends .*exit status 5' stats.returns || fail "status $status: $("$SYSSHIM" show of.returns; cat stats.returns)"
run exec || fail "status $?"
"$SYSSHIM" show --json of.exec | grep -q '"end":"execed"' || fail "it has executed something: $("$SYSSHIM" show of.exec)"
run waits timeout -s KILL 1
"$SYSSHIM" show of.waits | grep -q 'exited with 3' && fail "the child's end is its parent's: $("$SYSSHIM" show of.waits)"
exit 0
