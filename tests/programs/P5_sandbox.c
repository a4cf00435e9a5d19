/* Gives up its rights in the way that its argument names, and works on. Every line of the file "lines" and of the children's is one write,
 * so that the driver knows how many a complete summary counts. A call that the program itself does not make kills it where a filter says so.
 *
 * `under FILTER command...` installs a filter and executes the command, so that the next program is born under it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { LINES = 3000 };

static int file;

static void lines(int count)
{
	for (int i = 0; i < count; i++)
		if (write(file, "0123456789abcde\n", 16) != 16)
			_exit(99);
}

static int skip(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 77;
}

/* Numbers in the list have `listed`, all others `others`. */
static int install(const int *list, int count, unsigned listed, unsigned others, int by_prctl)
{
	struct sock_filter code[200];
	int length = 0;

	code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < count; i++) {
		code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)list[i], 0, 1);
		code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	}
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	struct sock_fprog program = {(unsigned short)length, code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) :
			  (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* read, write, exit and rt_sigreturn are allowed, all others kill: getpid, clock_gettime and rdtsc's replacement among them */
static int strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		return skip("strict");
	lines(LINES);
	syscall(SYS_exit, 7);
	return 1;
}

static int killing(int by_prctl)
{
	static const int allowed[] = {SYS_write, SYS_exit_group};

	if (install(allowed, COUNT(allowed), SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, by_prctl) != 0)
		return skip("filter");
	lines(LINES);
	_exit(7);
}

static int killed(void)
{
	static const int allowed[] = {SYS_write, SYS_exit_group};

	if (install(allowed, COUNT(allowed), SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, 0) != 0)
		return skip("filter");
	lines(LINES);
	getppid();
	return 1;
}

/* A filter that refuses mildly, then one that kills: the second is installed under the first. And one that cannot be installed. */
static int two_filters(void)
{
	static const int refused[] = {SYS_getppid}, allowed[] = {SYS_write, SYS_exit_group, SYS_seccomp, SYS_prctl};

	errno = 0;
	long result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);
	dprintf(1, "without a filter: %ld %s\n", result, strerror(errno));
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x8000u, NULL);
	dprintf(1, "with a wrong flag: %ld %s\n", result, strerror(errno));
	lines(LINES / 3);
	if (install(refused, COUNT(refused), SECCOMP_RET_ERRNO | ENOTTY, SECCOMP_RET_ALLOW, 0) != 0)
		return skip("filter");
	errno = 0;
	result = getppid();
	dprintf(1, "refused: %ld %s\n", result, strerror(errno));
	lines(LINES / 3);
	if (install(allowed, COUNT(allowed), SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, 1) != 0)
		return skip("second filter");
	lines(LINES / 3);
	_exit(7);
}

/* Processes born under the filter make only calls of their own too. */
static int forking(void)
{
	static const int allowed[] = {SYS_write, SYS_exit_group, SYS_clone, SYS_set_robust_list, SYS_wait4, SYS_gettid, SYS_rt_sigprocmask};

	if (install(allowed, COUNT(allowed), SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, 0) != 0)
		return skip("filter");
	lines(LINES / 3);
	pid_t child = fork();
	if (child == 0) {
		lines(LINES / 3);
		_exit(6);
	}
	int status = 0;
	waitpid(child, &status, 0);
	lines(LINES / 3);
	_exit(status == 6 << 8 ? 7 : 8);
}

static volatile int trapped, code, arch;

static void on_trap(int signal, siginfo_t *information, void *context)
{
	ucontext_t *c = context;

	(void)signal;
	trapped = information->si_syscall;
	code = information->si_code;
	arch = (int)information->si_arch;
	c->uc_mcontext.gregs[REG_RAX] = 4711;
}

/* SIGSYS is the program's own: a sandbox answers the trapped call itself, as Chromium's does. */
static int trapping(void)
{
	static const int list[] = {SYS_getppid, SYS_openat, SYS_rt_sigtimedwait, SYS_process_vm_readv, SYS_process_vm_writev, SYS_truncate};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(SIGSYS, &action, NULL);
	if (install(list, COUNT(list), SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, 0) != 0)
		return skip("filter");
	dprintf(1, "open: %d\n", open("/dev/null", O_RDONLY));
	dprintf(1, "trapped %d, code %d, x86-64 %d\n", trapped == SYS_openat, code, arch == (int)AUDIT_ARCH_X86_64);
	dprintf(1, "getppid: %d, trapped %d\n", getppid(), trapped == SYS_getppid);
	trapped = -1;
	lines(LINES);
	dprintf(1, "trapped by write: %d\n", trapped);
	return 7;
}

/* Another user, to whom the record's files are closed. */
static int user(int (*change)(uid_t))
{
	if (setgid(65534) != 0 || change(65534) != 0)
		return skip("setuid");
	lines(LINES);
	dprintf(1, "user %d, group %d, root's file: %d\n", (int)getuid(), (int)getgid(), open("closed", O_RDONLY));
	pid_t child = fork();
	if (child == 0) {
		lines(LINES);
		exit(6);
	}
	int status;
	waitpid(child, &status, 0);
	printf("child: %d\n", status >> 8);
	return 7;
}

static int all_ids(uid_t id)
{
	return setresuid(id, id, id);
}

static int root_changed(void)
{
	mkdir("jail", 0700);
	if (chroot("jail") != 0)
		return skip("chroot");
	if (chdir("/") != 0)
		return 1;
	lines(LINES);
	pid_t child = fork();
	if (child == 0) {
		lines(LINES);
		exit(6);
	}
	int status;
	waitpid(child, &status, 0);
	printf("child: %d, outside: %d, made: %d\n", status >> 8, open("/etc/passwd", O_RDONLY), mkdir("/inside", 0700));
	return 7;
}

/* What is born under these: `tracing` denies what a debugger does (systemd's ~@debug), `namespaces` what a container does, and both kill. */
static int under(const char *filter, char **command)
{
	static const int tracing[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_perf_event_open, __NR_pidfd_getfd, SYS_kcmp};
	static const int namespaces[] = {SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot};
	static const int memory[] = {SYS_mremap, SYS_madvise, SYS_truncate, SYS_unshare, SYS_process_vm_readv, SYS_process_vm_writev};
	int result = strcmp(filter, "tracing") == 0    ? install(tracing, COUNT(tracing), SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW, 0) :
		     strcmp(filter, "namespaces") == 0 ? install(namespaces, COUNT(namespaces), SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW, 0) :
		     strcmp(filter, "refusing") == 0   ? install(memory, COUNT(memory), SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW, 0) :
							 1;

	if (result != 0)
		return skip(filter);
	execvp(command[0], command);
	perror(command[0]);
	return 1;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (argc > 3 && strcmp(way, "under") == 0)
		return under(argv[2], argv + 3);
	file = open("lines", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	close(open("closed", O_WRONLY | O_CREAT, 0600));
	lines(100);
	if (strcmp(way, "strict") == 0)
		return strict();
	if (strcmp(way, "kill") == 0 || strcmp(way, "kill_prctl") == 0)
		return killing(way[4] != 0);
	if (strcmp(way, "killed") == 0)
		return killed();
	if (strcmp(way, "two") == 0)
		return two_filters();
	if (strcmp(way, "fork") == 0)
		return forking();
	if (strcmp(way, "trap") == 0)
		return trapping();
	if (strcmp(way, "setuid") == 0)
		return user(setuid);
	if (strcmp(way, "setresuid") == 0)
		return user(all_ids);
	if (strcmp(way, "chroot") == 0)
		return root_changed();
	printf("done\n");
	return 7;
}
