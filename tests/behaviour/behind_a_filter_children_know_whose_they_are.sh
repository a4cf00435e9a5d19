#!/bin/bash
# A seccomp filter, the program's own or one that stands before it (each container's): its children are not the first of anything. One summary, and what is wrong
# with a setting, or what cannot be recorded, is said once; a bad environment is the kernel's to refuse.
set -u
. "$SRC/tests/lib/lib.sh"

cat >filters.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int status_of(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int forked(char **arguments)
{
	pid_t pid = fork();

	if (!pid) {
		execvp(arguments[0], arguments);
		_exit(98);
	}
	return status_of(pid);
}

static int spawned(char **arguments)
{
	pid_t pid;

	return posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) ? 97 : status_of(pid);
}

static int refused(char **arguments, char **environment)
{
	return execve("/bin/sh", arguments, environment) == -1 && errno == EFAULT;
}

/* "exec": the filter stands before the program; else it is its own. */
int main(int count, char **arguments)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, allow};
	char *bad[] = {"A=B", (char *)5, NULL};

	if (count < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	if (!strcmp(arguments[1], "exec")) {
		execvp(arguments[2], arguments + 2);
		return 96;
	}
	if (!refused(arguments, (char **)1) || !refused(arguments, (char **)-8) || !refused(arguments, bad))
		return 95;
	for (int i = 0; i < 3; i++)
		if (forked(arguments + 2) != 7 || spawned(arguments + 2) != 7)
			return 94;
	return 7;
}
C
cc -O1 -Wno-all -o filters filters.c || fail "it does not compile"

# once WHAT SETTING... COMMAND...: it has ended as natively, and this many lines of ours begin in its stderr: summaries, and complaints
once() {
	local what=$1 summaries=$2 complaints=$3 status
	shift 3
	timeout 30 env XDG_STATE_HOME="$PWD/state" "$@" 2>err
	status=$?
	[ $status -eq 77 ] && skip "no filter can be installed here"
	[ $status -eq 7 ] || fail "$what: status $status: $(cat err)"
	[ "$(grep -c '^sysshim: .* ran ' err)" -eq "$summaries" ] || fail "$what: not $summaries summaries: $(grep '^sysshim' err)"
	[ "$(grep '^sysshim: ' err | grep -vc ' ran ')" -eq "$complaints" ] || fail "$what: not $complaints complaints: $(grep '^sysshim' err)"
}

inner='/bin/true; (/bin/true); sh -c "/bin/true; exec /bin/true"; exit 7'
once 'its own filter' 1 0 LD_PRELOAD="$SHIM" sh -c "./filters children sh -c '$inner'; exit 7"
once 'a filter that stands before it' 1 0 ./filters exec env LD_PRELOAD="$SHIM" sh -c "$inner"
once 'a filter, and another one' 1 0 ./filters exec env LD_PRELOAD="$SHIM" sh -c "./filters children sh -c '$inner'; exit 7"
once 'run, its own filter' 1 0 "$SYSSHIM" run sh -c "./filters children sh -c '$inner'; exit 7"
once 'a wrong log' 0 1 ./filters exec env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/no/such/log" sh -c "$inner"
# Where a filter stood before them nothing is made in a folder that nobody has named, by run as by LD_PRELOAD alone.
rm -rf state
once 'run, and its own filter' 1 0 "$SYSSHIM" run sh -c "./filters children sh -c 'exec sh -c \"exit 7\"'; exit 7"
"$SYSSHIM" show state/sysshim/recordings/* >shown 2>&1
grep -q 'sh -c exit 7$' shown && fail "a program behind a filter has made a recording: $(cat shown)"
# The variables stay hidden.
natively=$(./filters exec env LD_PRELOAD="$SHIM" SYSSHIM_DISABLE=1 sh -c 'env; ./filters children env' | grep -v -e '^_=' -e '^SYSSHIM_DISABLE' | sort)
shimmed=$(./filters exec env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off sh -c 'env; ./filters children env' | grep -v -e '^_=' -e '^SYSSHIM_STATS' | sort)
[ "$natively" = "$shimmed" ] || fail "a child's environment is another one"
exit 0
