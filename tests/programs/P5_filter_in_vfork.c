/* A child that borrows its parent's memory (vfork) installs a seccomp filter for itself, behind a burst of small writes: one that kills for what libc has not called for, or one that lets
 * everything pass, and it executes another program then. Its parent has no filter: it goes on gathering, has the masks and dispositions that it has set, and makes such children again. */
/* coalesces: yes */
#include "burst.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static int file, lines, skips;
static char *space;

static void on_usr(int number)
{
	(void)number;
	if (write(file, "", 0) != 0)
		_exit(92);
}

/* For who makes this call; 77: the kernel does not let him. */
static void install(struct sock_filter *code, unsigned short count)
{
	struct sock_fprog program = {count, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(77);
}

static int kills(void *unused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sigaction old;

	(void)unused;
	install(code, sizeof code / sizeof *code);
	for (int i = 0; i < 50; i++)
		close(dup(file));
	_exit(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == on_usr ? 5 : 6);
}

static int executes(void *unused)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};

	(void)unused;
	install(&allow, 1);
	execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
	_exit(98);
}

/* Its filter kills it in a vfork of its own. */
static int forks(void *unused)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	(void)unused;
	install(code, sizeof code / sizeof *code);
	vfork();
	_exit(98);
}

/* The kernel refuses it. */
static int fails(void *unused)
{
	struct sock_fprog none = {0, NULL};

	(void)unused;
	_exit(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &none) ? 5 : 98);
}

/* Not this child installs one, but one that it makes in its turn. */
static int has_one(void *unused)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	pid_t pid = vfork();

	(void)unused;
	if (!pid) {
		install(&allow, 1);
		_exit(5);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void more(int count)
{
	burst(file, "main", lines, lines + count);
	lines += count;
}

/* What the parent has is its own. */
static void looks(void)
{
	struct sigaction action = {.sa_handler = on_usr}, old;
	sigset_t all, was;

	sigaddset(&action.sa_mask, SIGSYS);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR1, NULL, &old);
	printf("its handler blocks SIGSYS: %d", sigismember(&old.sa_mask, SIGSYS));
	sigaction(SIGTERM, NULL, &old);
	printf(", SIGTERM is at its default: %d", old.sa_handler == SIG_DFL);
	more(100);
	raise(SIGUSR1);
	sigemptyset(&all);
	sigaddset(&all, SIGSYS);
	sigprocmask(SIG_SETMASK, &all, &was);
	printf(", SIGSYS was blocked: %d", sigismember(&was, SIGSYS));
	more(100);
	sigprocmask(SIG_SETMASK, &was, &all);
	printf(", is: %d\n", sigismember(&all, SIGSYS));
}

static void child(const char *what, int (*body)(void *), char *end)
{
	int status;

	more(200);
	pid_t pid = clone(body, end, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("clone");
	skips |= WIFEXITED(status) && WEXITSTATUS(status) == 77;
	printf("%s: %#x\n", what, status);
	more(200);
	looks();
}

static void ends(const void *unused)
{
	(void)unused;
	more(100);
	raise(SIGTERM);
}

/* Ends its parent as soon as that has written so many lines. */
static void kills_at(int count)
{
	int now = 0;
	struct iovec here = {&now, sizeof now}, there = {&lines, sizeof lines};

	while (now < count)
		process_vm_readv(getppid(), &here, 1, &there, 1, 0);
	kill(getppid(), SIGTERM);
	_exit(0);
}

/* A signal that kills comes behind a burst. */
static void is_killed(const void *body)
{
	int (*function)(void *);
	int status;

	memcpy(&function, body, sizeof function);
	file = create("killed");
	lines = 0;
	more(200);
	/* Yama lets nobody else look. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (!fork())
		kills_at(400);
	pid_t pid = clone(function, space + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("clone");
	printf("the child before: %#x\n", status);
	fflush(stdout);
	more(200);
	for (;;)
		spin(1000);
}

int main(void)
{
	int (*bodies[])(void *) = {fails, has_one, forks, executes};

	space = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	file = create("lines");
	looks();
	for (int i = 0; i < 2; i++) {
		child("kills", kills, space + 65536);
		child("executes", executes, space + 65536);
		child("forks", forks, space + 65536);
	}
	if (skips)
		return 77;
	printf("ended by SIGTERM: %#x\n", in_child(ends, NULL));
	for (unsigned i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		printf("ended by SIGTERM behind a burst: %#x\n", in_child(is_killed, &bodies[i]));
		tell("first.killed");
	}
	more(100);
	close(file);
	tell("first.lines");
	return 0;
}
