/* SIGSYS is blocked in every way there is, while bursts of small writes go on and are followed by system calls of the program's own
 * instructions: a call that is trapped by a signal while that signal is blocked kills the process. The program's view of its masks and of
 * a pending SIGSYS stays its own, also in handlers, over fork, vfork, spawn and exec. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;

static const char *who;
static char *program;
static int out, other;
static int numbered; /* bursts, so that each has lines of its own */

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d.%d %.*s\n", name, numbered, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int count)
{
	char text[128];

	numbered++;
	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
	}
}

static long inline_call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
	return number;
}

/* A burst, calls of our own instructions behind and in the middle of it, a burst to another file, and what the mask is by then. */
static void work(const char *name)
{
	sigset_t now, raw;
	char text[128];
	int length;

	burst(out, name, 300);
	if (inline_call(SYS_getppid, 0, 0, 0, 0) != getppid())
		_exit(92);
	burst(out, name, 100);
	numbered++;
	length = line(text, "inline", 0);
	if (inline_call(SYS_write, out, (long)text, length, 0) != length)
		_exit(93);
	burst(other, name, 200);
	if (inline_call(SYS_lseek, other, 0, SEEK_END, 0) != lseek(other, 0, SEEK_CUR))
		_exit(94);
	burst(out, name, 100);
	sigprocmask(SIG_SETMASK, NULL, &now);
	burst(out, name, 50);
	sigemptyset(&raw);
	if (inline_call(SYS_rt_sigprocmask, SIG_SETMASK, 0, (long)&raw, 8) != 0)
		_exit(95);
	dprintf(out, "%s: SIGSYS is %d for libc, %d for the kernel; SIGUSR1 %d, 33 %d\n", name, sigismember(&now, SIGSYS),
		sigismember(&raw, SIGSYS), sigismember(&now, SIGUSR1), (int)(*(unsigned long *)&raw >> 32 & 1));
	burst(out, name, 300);
}

static void with_sigsys(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGSYS);
}

static void masks(void)
{
	sigset_t sys, old;
	unsigned long bits = 1UL << (SIGSYS - 1);

	work("open");
	with_sigsys(&sys);
	sigprocmask(SIG_BLOCK, &sys, &old);
	work("sigprocmask");
	sigprocmask(SIG_SETMASK, &old, NULL);
	work("open-again");
	burst(out, "armed", 200); /* and at once, with an instruction of our own: */
	inline_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&bits, 0, 8);
	work("inline");
	inline_call(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&bits, 0, 8);
	burst(out, "armed", 200);
	sigfillset(&sys);
	pthread_sigmask(SIG_SETMASK, &sys, NULL);
	work("everything");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	work("open-at-last");
}

/* SIGSYS sent while blocked waits, is seen waiting, and is taken by sigwaitinfo. */
static void pending(void)
{
	sigset_t sys, old, waiting;
	siginfo_t info;

	with_sigsys(&sys);
	sigprocmask(SIG_BLOCK, &sys, &old);
	burst(out, "pending", 300);
	kill(getpid(), SIGSYS);
	burst(out, "pending", 300);
	sigpending(&waiting);
	dprintf(out, "waiting: %d\n", sigismember(&waiting, SIGSYS));
	burst(out, "pending", 300);
	inline_call(SYS_getppid, 0, 0, 0, 0);
	int taken = sigwaitinfo(&sys, &info);
	dprintf(out, "taken: %d, code %d\n", taken, info.si_code);
	burst(out, "pending", 300);
	sigprocmask(SIG_SETMASK, &old, NULL);
	work("after-pending");
}

static sigjmp_buf back;
static volatile int in_handler;

static void handle(int number)
{
	(void)number;
	in_handler++;
	work("handler");
}

static void handle_and_jump(int number)
{
	(void)number;
	burst(out, "jumps", 300);
	siglongjmp(back, 1);
}

/* on return of this one SIGSYS is blocked, or open again */
static void handle_and_edit(int number, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	(void)info;
	burst(out, "edits", 300);
	if (number == SIGUSR1)
		sigaddset(&frame->uc_sigmask, SIGSYS);
	else
		sigdelset(&frame->uc_sigmask, SIGSYS);
	burst(out, "edits", 100);
}

static void handlers(void)
{
	struct sigaction action = {.sa_handler = handle};

	sigfillset(&action.sa_mask);
	sigaction(SIGUSR2, &action, NULL); /* stands there before the burst */
	burst(out, "before-handler", 300);
	inline_call(SYS_kill, getpid(), SIGUSR2, 0, 0);
	work("handled");
	raise(SIGUSR2);
	work("raised");

	action.sa_handler = handle_and_jump;
	sigaction(SIGUSR2, &action, NULL);
	if (sigsetjmp(back, 1) == 0) {
		burst(out, "before-jump", 200);
		inline_call(SYS_kill, getpid(), SIGUSR2, 0, 0);
	}
	work("jumped");
	if (sigsetjmp(back, 0) == 0) {
		burst(out, "before-jump", 200);
		raise(SIGUSR2);
	}
	work("jumped-and-blocked"); /* the handler's mask stays: everything */
	sigemptyset(&action.sa_mask);
	sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);

	action.sa_flags = SA_SIGINFO;
	action.sa_sigaction = handle_and_edit;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	burst(out, "before-edit", 300);
	inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
	work("edited");
	raise(SIGUSR2);
	work("edited-back");
	signal(SIGUSR1, SIG_DFL);
}

/* waits that exchange the mask for their time */
static void waits(void)
{
	struct sigaction action = {.sa_handler = handle};
	struct timespec soon = {0, 2000000};
	sigset_t all, but, old;

	sigfillset(&action.sa_mask);
	sigaction(SIGUSR2, &action, NULL);
	sigfillset(&all);
	but = all;
	sigdelset(&but, SIGUSR2);
	sigprocmask(SIG_SETMASK, &all, &old);
	kill(getpid(), SIGUSR2);
	burst(out, "before-suspend", 300);
	sigsuspend(&but);
	work("suspended");
	kill(getpid(), SIGUSR2);
	burst(out, "before-ppoll", 300);
	if (ppoll(NULL, 0, NULL, &but) != -1 || errno != EINTR)
		_exit(96);
	work("ppoll");
	sigprocmask(SIG_SETMASK, &old, NULL);
	burst(out, "before-pselect", 300);
	if (pselect(0, NULL, NULL, NULL, &soon, &all) != 0)
		_exit(97);
	work("pselect");
	signal(SIGUSR2, SIG_DFL);
}

static ucontext_t main_context, blocked_context;

static void in_context(void)
{
	work("context");
	swapcontext(&blocked_context, &main_context);
	work("context-again");
}

/* a context carries its own mask, with SIGSYS blocked */
static void contexts(void)
{
	static char stack[65536];

	getcontext(&blocked_context);
	sigfillset(&blocked_context.uc_sigmask);
	blocked_context.uc_stack.ss_sp = stack;
	blocked_context.uc_stack.ss_size = sizeof stack;
	blocked_context.uc_link = &main_context;
	makecontext(&blocked_context, in_context, 0);
	burst(out, "before-context", 300);
	swapcontext(&main_context, &blocked_context);
	work("from-context");
	swapcontext(&main_context, &blocked_context);
	work("from-context-again");
}

static void finish(const char *name, pid_t pid)
{
	int status = -1;

	burst(other, "parent", 100); /* the child writes to the other one */
	waitpid(pid, &status, 0);
	dprintf(out, "%s: status %#x\n", name, status);
	burst(out, "after-child", 100);
}

/* children begin with the mask as it is here */
static void children(int blocked)
{
	char *arguments[] = {program, "executed", (char *)who, NULL};
	posix_spawnattr_t how;
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(blocked ? SIG_SETMASK : SIG_BLOCK, blocked ? &all : NULL, &old);
	burst(out, "before-fork", 300);
	pid = fork();
	if (pid == 0) {
		other = open("forked", O_RDWR | O_CREAT | O_TRUNC, 0600);
		unlink("forked");
		work("forked");
		_exit(blocked ? 5 : 4);
	}
	finish("fork", pid);
	burst(out, "before-vfork", 300);
	pid = vfork();
	if (pid == 0) {
		execv("/proc/self/exe", arguments);
		_exit(99);
	}
	finish("vfork and exec", pid);
	burst(out, "before-spawn", 300);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigmask(&how, &all);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, &how, arguments, environ))
		_exit(98);
	finish("spawn", pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
	posix_spawnattr_destroy(&how);
}

static void everything(const char *name)
{
	char path[64];

	who = name;
	snprintf(path, sizeof path, "%s.out", who);
	out = open(path, O_RDWR | O_CREAT | O_APPEND, 0644);
	snprintf(path, sizeof path, "%s.other", who);
	other = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	masks();
	pending();
	handlers();
	waits();
	contexts();
	children(0);
	children(1);
	printf("%s: %d handlers ran\n", who, in_handler);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc == 3) { /* executed: with the mask that it was given */
		char path[64];
		snprintf(path, sizeof path, "%s.out", argv[2]);
		out = open(path, O_RDWR | O_APPEND);
		other = open("executed", O_RDWR | O_CREAT | O_TRUNC, 0600);
		unlink("executed");
		work("executed");
		return 6;
	}
	program = argv[0];
	everything("first");
	pid = fork();
	if (pid == 0) {
		everything("forked");
		exit(7);
	}
	waitpid(pid, &status, 0);
	printf("forked child: status %#x\n", status);
	puts("done");
	return 0;
}
