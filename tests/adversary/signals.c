/* Signals that the program sends to itself, timers, and what may be ended early by a signal that is not the program's. */
#include "world.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

enum { REACTIONS = 7 };
static const int signals[] = {10 /* USR1 */, 12 /* USR2 */, 15 /* TERM */, 1 /* HUP */, 36 /* RTMIN + 2 */, 13 /* PIPE */, 25 /* XFSZ */, 28 /* WINCH */};
enum { SIGNALS_COUNT = sizeof signals / sizeof *signals };

static struct {
	int reaction, slot;
} reactions[65];

static void react(int signal)
{
	int error = errno, fd = slot_number(reactions[signal].slot);
	long sum = 0;
	pid_t pid;

	say("  handler of %d", signal);
	switch (reactions[signal].reaction) {
	case 3:
		for (int i = 0; i < 25 && may_write(fd, 1); i++) {
			long result = write(fd, bytes_to_write(1), 1);
			was_written(fd, result);
			if (result != 1)
				break;
			sum++;
		}
		say("  %ld written", sum);
		break;
	case 4:
		errno = error;
		if (world.can_jump)
			longjmp(world.back, 1);
		break;
	case 5:
		pid = fork();
		if (pid == 0) {
			world.can_jump = 0;
			for (int i = 0; i < 5 && may_write(fd, 1); i++)
				sum += write(fd, world.text + i, 1);
			_exit((int)sum & 127);
		}
		child_waited(pid, "  fork");
		break;
	case 6:
		sum = close(fd);
		number_closed(fd);
		say("  close(%d) = %ld", fd, sum);
		break;
	default:
		break;
	}
	errno = error;
}

void perform_handle(const int32_t *a)
{
	static const int flags[] = {0, SA_RESTART, SA_NODEFER, SA_RESTART, SA_ONSTACK, SA_RESTART, 0, SA_RESETHAND};
	int signal = signals[(unsigned)a[0] % SIGNALS_COUNT], odd = (world.program->features & ODD_HANDLERS) != 0;
	struct sigaction action = {.sa_handler = react, .sa_flags = flags[(unsigned)a[2] % (odd ? 8 : 6)]}, old = {0};

	sigemptyset(&action.sa_mask);
	if (odd && a[2] & 64)
		sigfillset(&action.sa_mask);
	if (a[2] & 128)
		sigaddset(&action.sa_mask, SIGUSR1);
	reactions[signal].reaction = (int)((unsigned)a[1] % REACTIONS);
	reactions[signal].slot = (int)a[3];
	if (a[1] % REACTIONS == 0)
		action.sa_handler = SIG_DFL;
	if (a[1] % REACTIONS == 1)
		action.sa_handler = SIG_IGN;
	int result = sigaction(signal, &action, &old);
	say("sigaction(%d, reaction %d, %#x) = %d, was %s %#x", signal, (int)a[1] % REACTIONS, (unsigned)action.sa_flags, result ? -errno : 0,
	    old.sa_handler == react ? "ours" : old.sa_handler == SIG_IGN ? "ignored" : old.sa_handler == SIG_DFL ? "default" : "another", (unsigned)old.sa_flags);
}

/* Nobody is killed by chance: what would end the process is sent only now and then. */
static int would_end(int signal)
{
	struct sigaction now;

	return signal != 28 && sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static void send(int signal, unsigned how)
{
	switch (how % 4) {
	case 0:
		raise(signal);
		break;
	case 1:
		kill(getpid(), signal);
		break;
	case 2:
		CALL(BY_SYSCALL, SYS_tgkill, getpid(), CALL(BY_SYSCALL, SYS_gettid), signal);
		break;
	default:
		sigqueue(getpid(), signal, (union sigval){.sival_int = 5});
	}
}

void perform_raise(const int32_t *a)
{
	int signal = signals[(unsigned)a[0] % SIGNALS_COUNT];

	if (a[1] % 16 && would_end(signal))
		return;
	send(signal, (unsigned)a[1] >> 4);
	say("raised %d", signal);
}

static void mask_set(int how, int signal, const char *what)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, signal);
	int result = sigprocmask(how, &set, &old);
	say("%s %d = %d, was %d", what, signal, result, sigismember(&old, signal));
}

void perform_block(const int32_t *a)
{
	static const int odd[] = {SIGSEGV, SIGBUS, SIGSYS};

	/* A blocked fault's signal makes gathering impossible: seldom. */
	mask_set(SIG_BLOCK, a[1] % 16 == 0 ? odd[(unsigned)a[1] / 16 % 3] : signals[(unsigned)a[0] % SIGNALS_COUNT], "block");
}

void perform_unblock(const int32_t *a)
{
	mask_set(SIG_UNBLOCK, signals[(unsigned)a[0] % SIGNALS_COUNT], "unblock");
}

/* What the program can read back of its signals. */
void perform_view(const int32_t *a)
{
	sigset_t set, pending;
	unsigned long bits[3] = {0, 0, 0};
	struct sigaction action;
	int signal = signals[(unsigned)a[0] % SIGNALS_COUNT];

	sigprocmask(SIG_SETMASK, NULL, &set);
	sigpending(&pending);
	for (int i = 1; i <= 64; i++) {
		bits[0] |= (unsigned long)(sigismember(&set, i) == 1) << (i - 1);
		bits[1] |= (unsigned long)(sigismember(&pending, i) == 1) << (i - 1);
		if (i != 32 && i != 33 && sigaction(i, NULL, &action) == 0)
			bits[2] |= (unsigned long)(action.sa_handler != SIG_DFL) << (i - 1);
	}
	say("mask %#lx, pending %#lx, handled %#lx", bits[0], bits[1], bits[2]);
	if (a[1] % 4 == 0 && sigismember(&pending, signal)) {
		struct timespec now = {0, 0};
		sigemptyset(&set);
		sigaddset(&set, signal);
		say("sigtimedwait %d = %d", signal, sigtimedwait(&set, NULL, &now));
	}
}

static volatile int faults;

static void fault_jumps(int signal)
{
	(void)signal;
	faults++;
	longjmp(world.back, 1);
}

/* A fault of the program's own, into a handler of its own, which jumps away. */
void perform_fault(const int32_t *a)
{
	struct sigaction action = {.sa_handler = fault_jumps, .sa_flags = SA_NODEFER};

	sigaction(a[0] % 3 == 1 ? SIGFPE : a[0] % 3 ? SIGILL : SIGSEGV, &action, NULL);
	say("fault %d after %d", (int)a[0] % 3, faults);
	if (a[0] & 64)
		return;
	if (a[0] % 3 == 0)
		*(volatile int *)(uintptr_t)(a[0] & 8) = 1;
	else if (a[0] % 3 == 1)
		__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx" : : : "rax", "rcx", "rdx");
	else
		__asm__ volatile("ud2");
}

static volatile int sys_count;

static void on_sys(int signal)
{
	sys_count += signal == SIGSYS;
}

/* SIGSYS is the shim's own means: a program that uses it too gets it. */
void perform_sys(const int32_t *a)
{
	struct sigaction action = {.sa_handler = on_sys}, old = {0};
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	switch (a[0] % 5) {
	case 0:
		sigaction(SIGSYS, &action, &old);
		raise(SIGSYS);
		break;
	case 1:
		sigprocmask(SIG_BLOCK, &set, NULL);
		break;
	case 2:
		sigaction(SIGSYS, &action, NULL);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGSYS);
		break;
	case 3:
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		break;
	default:
		action.sa_handler = SIG_IGN;
		sigaction(SIGSYS, &action, NULL);
		raise(SIGSYS);
	}
	sigpending(&pending);
	sigprocmask(SIG_SETMASK, NULL, &set);
	say("SIGSYS %d: %d, pending %d, blocked %d, was %d", (int)a[0] % 5, sys_count, sigismember(&pending, SIGSYS), sigismember(&set, SIGSYS), old.sa_handler != SIG_DFL);
}

static char stacks[2][64 << 10], small[8 << 10];

void perform_altstack(const int32_t *a)
{
	stack_t wanted = {.ss_sp = stacks[a[0] & 1], .ss_size = sizeof stacks[0]}, old = {0}, now = {0};

	if (a[0] % 8 == 7)
		wanted = (stack_t){.ss_sp = small, .ss_size = sizeof small};
	if (a[0] % 4 == 3)
		wanted.ss_flags = SS_DISABLE;
	int result = sigaltstack(&wanted, &old) ? -errno : 0;
	sigaltstack(NULL, &now);
	say("sigaltstack(%d) = %d, was %d of %zu, is %d of %zu", (int)a[0] % 8, result, old.ss_flags, old.ss_size, now.ss_flags, now.ss_size);
}

/* Waits that must last as long as they were asked to: a signal that is not the program's would end them. */
void perform_nap(const int32_t *a)
{
	struct timespec time = {0, 3000000}, left = {0, 0};
	struct timeval as_well = {0, 3000};
	long result;

	switch (a[0] % 6) {
	case 0:
		result = nanosleep(&time, &left);
		break;
	case 1:
		result = poll(NULL, 0, 3);
		break;
	case 2:
		result = select(0, NULL, NULL, NULL, &as_well);
		break;
	case 3:
		result = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
		break;
	case 4:
		result = ppoll(NULL, 0, &time, NULL);
		break;
	default:
		result = CALL(BY_INSTRUCTION, SYS_nanosleep, (long)&time, 0);
	}
	say("nap %d = %ld", (int)a[0] % 6, result == -1 ? -errno : result);
}

static volatile int rang;

static void on_alarm(int signal)
{
	(void)signal;
	rang = 1;
}

/* Waits for a timer of the program's own, which must be what ends the wait. */
void perform_alarm(const int32_t *a)
{
	struct sigaction action = {.sa_handler = on_alarm}, old;
	struct itimerval soon = {{0, 0}, {0, 1500}};
	sigset_t alarm, before, none;
	siginfo_t info = {0};
	long result;

	sigemptyset(&alarm);
	sigemptyset(&none);
	sigaddset(&alarm, SIGALRM);
	rang = 0;
	sigaction(SIGALRM, &action, &old);
	sigprocmask(SIG_BLOCK, &alarm, &before);
	none = before;
	sigdelset(&none, SIGALRM);
	setitimer(ITIMER_REAL, &soon, NULL);
	switch (a[0] % 4) {
	case 0:
		result = sigsuspend(&none);
		break;
	case 1:
		result = ppoll(NULL, 0, NULL, &none);
		break;
	case 2:
		result = pselect(0, NULL, NULL, NULL, NULL, &none);
		break;
	default:
		result = sigwaitinfo(&alarm, &info);
	}
	say("alarm %d = %ld, rang %d, code %d", (int)a[0] % 4, result == -1 ? -errno : result, rang, info.si_code);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGALRM, &old, NULL);
}

/* A read that waits some milliseconds for a child's bytes, while a tick may come. */
void perform_late_read(const int32_t *a)
{
	int fds[2], fd = slot_number(a[0]);
	char text[16] = "";
	long sum = 0;

	if (pipe(fds))
		return;
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		poll(NULL, 0, 3);
		_exit(write(fds[1], "late", 4) == 4 ? 4 : 5);
	}
	close(fds[1]);
	for (int i = 0; i < 20 && may_write(fd, 1); i++) {
		long result = write(fd, bytes_to_write(1), 1);
		was_written(fd, result);
		if (result == 1)
			sum++;
		else
			break;
	}
	long result = a[1] % 2 ? read(fds[0], text, 15) : CALL(BY_INSTRUCTION, SYS_read, fds[0], (long)text, 15);
	say("late read = %ld %s, %ld written", result == -1 ? -errno : result, text, sum);
	close(fds[0]);
	child_waited(pid, "late writer");
}
