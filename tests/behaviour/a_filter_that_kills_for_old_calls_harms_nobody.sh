#!/bin/bash
# A seccomp filter that stands before the program and kills for calls that a program of today does not make (open, fstat, faccessat2, access's old forms), or
# that this one does not (quotactl_fd, which systemd's @system-service leaves out, for a row of small writes; gettid for what dash executes by vfork): the
# shim does without them.
set -u
. "$SRC/tests/lib/lib.sh"

cat >kills.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct sock_filter kill[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(arguments[1]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, kill};

	(void)count;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	execvp(arguments[2], arguments + 2);
	return 78;
}
C
gcc -O1 -o kills kills.c || fail "no program"
asked=0
script='cat /etc/hostname >/dev/null; (exit 2); ls / >/dev/null; i=0; while [ $i -lt 40 ]; do echo $i; i=$((i + 1)); done >lines; [ "$(wc -l <lines)" = 40 ] && exit 3'
for call in open stat fstat lstat access faccessat2 readlink unlink getppid sched_yield process_vm_readv kill unshare userfaultfd truncate futex quotactl_fd gettid fstatfs; do
	number=$(printf '#include <sys/syscall.h>\nSYS_%s\n' $call | gcc -E -P - | tail -n 1)
	timeout 20 ./kills "$number" env A=1 sh -c "$script" 2>/dev/null
	native=$?
	[ $native -ne 77 ] || skip "no filter can be installed here"
	[ $native -eq 3 ] || continue
	asked=$((asked + 1))
	# the launcher loads us too, but stands in front of the filter
	timeout 20 ./kills "$number" env LD_PRELOAD="$SHIM" sh -c "$script" >out 2>&1
	status=$?
	[ $status -eq 3 ] || fail "$call: natively 3, here $status: $(head -n 2 out)"
done
[ $asked -ge 8 ] || fail "only $asked calls could be asked"
