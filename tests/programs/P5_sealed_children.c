/* P5_sealed_children vfork|thread: installs a filter that kills for every call about signals, and then makes a child that borrows its memory, or a thread. libc makes no such call
 * for vfork; a thread is made by clone alone, on a stack of the program's own. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int runs(void *flag)
{
	__atomic_store_n((int *)flag, 1, __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return 0;
}

static int has_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(3);
	return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3;
}

static int has_thread(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int flag = 0;

	if (clone(runs, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &flag) < 0)
		return 0;
	while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
		usleep(1000);
	usleep(20000);
	return 1;
}

int main(int argc, char **argv)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sigaltstack, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = {sizeof program / sizeof *program, program};

	if (argc != 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return 77;
	for (int i = 0; i < 3; i++)
		if (!(!strcmp(argv[1], "vfork") ? has_vfork() : has_thread()))
			return 1;
	return 0;
}
