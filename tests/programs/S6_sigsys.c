/* Everything that a program can do with SIGSYS, in the middle of bursts: send it, catch it, ignore it, block it, wait for it in every way,
 * alone and among others, ask for it, and what an executed program inherits of it. Also all 64 dispositions, asked and set and reset while
 * something is buffered, and handlers that block everything and stood there before the burst. It sees what it would see alone; where a
 * shim needs the signal for itself it gives it back. (Its masks over masks, frames and waits: F4_sigsys_blocked.c.) */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <ucontext.h>

extern char **environ;

static int file, told;
static volatile int calls;
static volatile int last_code, last_value, last_from;

static void say(const char *what, long a, long b)
{
	dprintf(told, "%s: %ld %ld\n", what, a, b);
}

static sigset_t set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static void more(const char *name)
{
	burst(file, name, 0, 120);
	if (inline_call(SYS_getppid, 0, 0, 0, 0) != getppid())
		_exit(93);
	burst(file, name, 120, 200);
}

static void on_sys(int number, siginfo_t *info, void *context)
{
	(void)context;
	calls++;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_from = info->si_pid == getpid() ? 1 : info->si_pid == getppid() ? 2 : 3;
	burst(file, "handler", (calls - 1) * 20, calls * 20);
	say("in handler", number, last_code);
}

static void catch(int number, int flags, int full)
{
	struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = flags | SA_SIGINFO};

	if (full)
		sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void ask(const char *when)
{
	struct sigaction action;

	memset(&action, 0x55, sizeof action);
	sigaction(SIGSYS, NULL, &action);
	dprintf(told, "%s: %s, flags %#x, mask %#lx\n", when, action.sa_handler == SIG_DFL ? "default" : action.sa_handler == SIG_IGN ? "ignored" :
		action.sa_sigaction == on_sys ? "handler" : "somebody else", action.sa_flags & ~0x4000000, *(unsigned long *)&action.sa_mask);
}

/* ---- each in a child, the burst is on ---- */

static void raised(void)
{
	raise(SIGSYS);
}

static void inline_killed(void)
{
	inline_call(SYS_tgkill, getpid(), getpid(), SIGSYS, 0);
}

static void caught(void)
{
	catch(SIGSYS, 0, 0);
	ask("caught");
	more("caught");
	raise(SIGSYS);
	more("raised");
	sigqueue(getpid(), SIGSYS, (union sigval){42});
	say("queued", last_code, last_value);
	more("queued");
	inline_call(SYS_kill, getpid(), SIGSYS, 0, 0);
	say("handled", calls, last_from);
	signal(SIGSYS, SIG_DFL);
	ask("default");
	more("default");
}

static void ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	ask("ignored");
	more("ignored");
	raise(SIGSYS);
	more("raised");
	inline_call(SYS_kill, getpid(), SIGSYS, 0, 0);
	more("killed");
	signal(SIGSYS, SIG_DFL);
	more("default");
}

static void asked(void)
{
	struct sigaction all = {.sa_handler = SIG_DFL, .sa_flags = SA_RESTART | SA_NOCLDWAIT};

	ask("first");
	more("asked");
	sigfillset(&all.sa_mask);
	sigaction(SIGSYS, &all, NULL);
	ask("default with flags");
	more("flags");
}

/* the parent of us sends it while we are blocked in a wait: in the kernel's eyes, too */
static void from_outside(void (*wait)(void))
{
	pid_t self = getpid(), pid = fork();

	if (pid == 0) {
		char path[64], text[512];
		snprintf(path, sizeof path, "/proc/%d/stat", self);
		for (int asleep = 0; asleep < 3; usleep(2000)) {
			int fd = open(path, O_RDONLY);
			ssize_t got = read(fd, text, sizeof text - 1);
			close(fd);
			text[got > 0 ? got : 0] = 0;
			char *end = strrchr(text, ')');
			asleep = end && end[2] == 'S' ? asleep + 1 : 0;
		}
		kill(self, SIGSYS);
		_exit(0);
	}
	burst(file, "main", 300, 400);
	wait();
	more("waited");
	int status;
	waitpid(pid, &status, 0);
}

static struct timespec never = {20, 0};

static void await_alone(void)
{
	sigset_t set = set_of(SIGSYS, 0);
	siginfo_t info = {0};
	long got = sigwaitinfo(&set, &info);
	say("sigwaitinfo", got, info.si_code);
}

static void await_two(void)
{
	sigset_t set = set_of(SIGSYS, SIGUSR1);
	siginfo_t info = {0};
	long got = sigtimedwait(&set, &info, &never);
	say("sigtimedwait of two", got, got < 0 ? errno : info.si_code);
}

static void await_all(void)
{
	sigset_t set;
	siginfo_t info = {0};

	sigfillset(&set);
	sigdelset(&set, SIGCHLD);
	long got = sigtimedwait(&set, &info, &never);
	say("sigtimedwait of all", got, got < 0 ? errno : info.si_code);
}

static void await_descriptor(void)
{
	sigset_t set = set_of(SIGSYS, SIGUSR1);
	struct signalfd_siginfo info = {0};
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	long got = read(fd, &info, sizeof info);
	say("signalfd", got, info.ssi_signo);
	close(fd);
}

static void suspends(void)
{
	sigset_t none;

	sigemptyset(&none);
	long got = sigsuspend(&none);
	say("sigsuspend", got, errno);
}

static void polls(void)
{
	sigset_t none;

	sigemptyset(&none);
	long got = ppoll(NULL, 0, &never, &none);
	say("ppoll", got, errno);
}

static void epolls(void)
{
	struct epoll_event event;
	sigset_t none;
	int fd = epoll_create1(0);

	sigemptyset(&none);
	long got = epoll_pwait(fd, &event, 1, 20000, &none);
	say("epoll_pwait", got, errno);
	close(fd);
}

static void (*const waits[])(void) = {await_alone, await_two, await_all, await_descriptor};
static void (*const handled_waits[])(void) = {suspends, polls, epolls};
static int which;

static void blocked_and_waited(void)
{
	sigset_t set = set_of(SIGSYS, SIGUSR1);

	sigprocmask(SIG_BLOCK, &set, NULL);
	more("blocked");
	from_outside(waits[which]);
}

static void blocked_and_pending(void)
{
	sigset_t set = set_of(SIGSYS, SIGUSR1), pending;

	sigprocmask(SIG_BLOCK, &set, NULL);
	more("blocked");
	raise(SIGSYS);
	more("raised");
	sigpending(&pending);
	say("pending", sigismember(&pending, SIGSYS), sigismember(&pending, 33));
	burst(file, "main", 300, 400);
	waits[which]();
	more("waited");
	sigpending(&pending);
	say("pending behind", sigismember(&pending, SIGSYS), sigismember(&pending, 33));
}

static void caught_in_wait(void)
{
	sigset_t set = set_of(SIGSYS, 0);

	catch(SIGSYS, 0, 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	more("blocked");
	from_outside(handled_waits[which]);
	say("handled", calls, last_from);
}

static void nothing_comes(void)
{
	sigset_t two = set_of(SIGSYS, SIGUSR1), one = set_of(SIGSYS, 0), all;
	struct timespec soon = {0, 30000000};

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &two, NULL);
	burst(file, "main", 300, 400);
	say("two, nothing", sigtimedwait(&two, NULL, &soon), errno);
	burst(file, "main", 400, 500);
	say("all, nothing", sigtimedwait(&all, NULL, &soon), errno);
	burst(file, "main", 500, 600);
	say("one, nothing", sigtimedwait(&one, NULL, &soon), errno);
	more("waited");
}

/* what another program inherits */
static void tell_status(void)
{
	char text[256];
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long caught = 0;
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	printf("mask %#lx\n", *(unsigned long *)&now);
	while (f && fgets(text, sizeof text, f))
		if (strncmp(text, "SigPnd", 6) == 0 || strncmp(text, "ShdPnd", 6) == 0 || strncmp(text, "SigBlk", 6) == 0 || strncmp(text, "SigIgn", 6) == 0)
			fputs(text, stdout);
		/* where a file is asked for, the shim's own handlers stand there from the start (doc/internals.md) */
		else if (strncmp(text, "SigCgt", 6) == 0 && !getenv("SYSSHIM_LOG") && !getenv("SYSSHIM_STATS_FORMAT"))
			caught = strtoul(text + 7, NULL, 16);
	printf("caught %#lx\n", caught & ~0x180000000ul); /* libpthread's own two, until glibc 2.33 */
	fclose(f);
	fflush(stdout);
}

static void executes(void)
{
	static char *const arguments[] = {"S6", "status", NULL};
	sigset_t set = set_of(SIGSYS, SIGUSR1);
	int status;
	pid_t pid;

	dup2(told, 1);
	signal(SIGUSR2, SIG_IGN);
	catch(SIGTERM, 0, 0);
	for (int blocked = 0; blocked < 3; blocked++) {
		if (blocked)
			sigprocmask(SIG_BLOCK, &set, NULL);
		if (blocked == 2)
			signal(SIGSYS, SIG_IGN);
		burst(file, "main", 300 + 200 * blocked, 500 + 200 * blocked);
		pid = fork();
		if (pid == 0)
			execv("/proc/self/exe", arguments);
		waitpid(pid, &status, 0);
		burst(file, "forked", blocked * 100, 100 + blocked * 100);
		pid = vfork();
		if (pid == 0) {
			execv("/proc/self/exe", arguments);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		burst(file, "vforked", blocked * 100, 100 + blocked * 100);
		posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ);
		waitpid(pid, &status, 0);
		burst(file, "spawned", blocked * 100, 100 + blocked * 100);
		if (blocked == 1)
			signal(SIGSYS, SIG_DFL);
	}
	burst(file, "last", 0, 200);
	execv("/proc/self/exe", arguments);
}

/* ---- all of them ---- */

static void all_handlers(void)
{
	struct sigaction action, old;
	unsigned long sum = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 1; i <= 64; i++) {
			memset(&old, 0, sizeof old);
			if (sigaction(i, NULL, &old) == 0 && old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN)
				sum += i;
			memset(&action, 0, sizeof action);
			action.sa_sigaction = on_sys;
			action.sa_flags = SA_SIGINFO | (round == 1 ? SA_ONSTACK | SA_RESTART : 0);
			if (round == 2)
				sigfillset(&action.sa_mask);
			else
				sigaddset(&action.sa_mask, round ? SIGSYS : 33);
			if (sigaction(i, &action, NULL) == 0 && sigaction(i, NULL, &old) == 0)
				sum += (old.sa_sigaction == on_sys) + old.sa_flags * 3UL + *(unsigned long *)&old.sa_mask * 7;
			burst(file, "set", (round * 64 + i - 1) * 4, (round * 64 + i) * 4);
		}
		say("set", round, sum);
		raise(SIGUSR1);
		raise(SIGRTMIN + 5);
		inline_call(SYS_kill, getpid(), SIGWINCH, 0, 0);
		for (int i = 64; i; i--) {
			if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33)
				signal(i, i % 3 == round ? SIG_IGN : SIG_DFL);
			if (sigaction(i, NULL, &old) == 0)
				sum = sum * 3 + (unsigned long)old.sa_handler + old.sa_flags;
			burst(file, "reset", (round * 64 + 64 - i) * 4, (round * 64 + 65 - i) * 4);
		}
		say("reset", round, sum);
	}
}

/* The handlers stood there before the first write. */
static void full_handlers(const void *unused)
{
	(void)unused;
	calls = 0;
	catch(SIGUSR1, 0, 1);
	catch(SIGUSR2, SA_RESTART, 1);
	catch(SIGRTMIN, SA_NODEFER, 1);
	file = create("full");
	told = create("full.told");
	more("main");
	raise(SIGUSR1);
	more("again");
	inline_call(SYS_kill, getpid(), SIGUSR2, 0, 0);
	more("inlined");
	inline_call(SYS_tgkill, getpid(), getpid(), SIGRTMIN, 0);
	more("real-time");
	ask("asked");
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGRTMIN, SIG_DFL);
	close(file), close(told);
}

static const char *name;
static void (*doing)(void);

static void begin(const void *unused)
{
	(void)unused;
	calls = 0;
	file = create(name);
	told = create("told");
	burst(file, "main", 0, 300);
	doing();
	burst(file, "end", 0, 300);
	_exit(7);
}

static void one(const char *what, void (*function)(void))
{
	static int number;
	char path[64];

	snprintf(path, sizeof path, "%02d.%s", number++, what);
	name = what;
	doing = function;
	who = path;
	printf("%s: status %#x\n", path, in_child(begin, NULL));
	who = "first";
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		tell_status();
		return 0;
	}
	in_both(full_handlers, NULL);
	one("raised", raised);
	one("inline-killed", inline_killed);
	one("caught", caught);
	one("ignored", ignored);
	one("asked", asked);
	for (which = 0; which < 4; which++) {
		one("blocked-and-waited", blocked_and_waited);
		one("blocked-and-pending", blocked_and_pending);
	}
	for (which = 0; which < 3; which++)
		one("caught-in-wait", caught_in_wait);
	one("nothing-comes", nothing_comes);
	one("executes", executes);
	one("all-handlers", all_handlers);
	/* and in the first process, in the order that lets go last */
	file = create("all");
	told = create("all.told");
	burst(file, "main", 0, 300);
	ask("at last");
	more("asked");
	all_handlers();
	puts("done");
	return 0;
}
