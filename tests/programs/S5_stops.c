/* The process is stopped in the middle of a burst, and its parent, which does job control, looks at the file while it stands still. Behind
 * SIGTSTP all is there that was written; behind SIGSTOP, which nobody can catch, it is at most a little less, and all of it after SIGCONT.
 * The program sees nothing of it: its disposition for SIGTSTP stays the default, waits are not ended early, a handler of its own works,
 * and a process group without a shell is not stopped. */
/* coalesces: yes */
/* cc: -no-pie */
/* timeout: 120 */
#include "burst.h"
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

static volatile long written;
static int file, told, go_on[2];
static volatile int handled;

static void forever(void)
{
	char text[160];

	for (;;) {
		int length = line(text, "main", (int)written);
		if (write(file, text, length) != length)
			_exit(91);
		written++;
		if (written > 200)
			spin(20000);
	}
}

/* How many lines the stopped process has written, by its own count. */
static long count_of(pid_t pid)
{
	long count = -1;
	struct iovec here = {&count, sizeof count}, there = {(void *)&written, sizeof written};

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof count) {
		kill(pid, SIGKILL);
		puts("the memory of a child cannot be read here");
		exit(77);
	}
	return count;
}

static void stop(pid_t pid, int number)
{
	siginfo_t info;
	int status;

	kill(pid, number);
	/* twice: as a shell asks, and what waitid tells */
	if (waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT) || info.si_code != CLD_STOPPED || info.si_status != number)
		printf("waitid: code %d, status %d\n", info.si_code, info.si_status);
	if (waitpid(pid, &status, WUNTRACED) != pid || status != (number << 8 | 0x7f))
		printf("stopped with status %#x\n", status);
}

static void resume(pid_t pid)
{
	int status;

	kill(pid, SIGCONT);
	if (waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status))
		printf("continued with status %#x\n", status);
}

static pid_t job(void (*body)(void))
{
	fflush(stdout);
	written = 0;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		body();
		_exit(0);
	}
	setpgid(pid, pid);
	return pid;
}

static long lines_in(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s.%s", who, name);
	struct writers all = look(path);
	if (all.wrong)
		printf("wrong %d: %s\n", all.wrong, all.first_wrong);
	return lines_of(&all, "main");
}

static void end(pid_t pid, const char *name)
{
	int status;

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	printf("%s: status %#x\n", name, status);
}

static void many_times(const void *number)
{
	int signal = *(const int *)number, behind = 0, bad = 0;
	long last = -1;

	file = create("lines");
	pid_t pid = job(forever);
	for (int i = 0; i < 40; i++) {
		usleep(500 + i * 377 % 9000);
		stop(pid, signal);
		long count = count_of(pid), lines = lines_in("lines");
		bad += lines > count + 1 || lines < last;
		behind += lines < count;
		last = lines;
		resume(pid);
	}
	/* SIGSTOP: all that was written before is there a while after it goes on */
	stop(pid, signal);
	long count = count_of(pid);
	resume(pid);
	int tries = 0, missing = 1;
	/* NB: looked at while it stands: the kernel shows a reader half of a line that goes over a page's end. */
	while (missing && tries++ < 1000) {
		usleep(5000);
		stop(pid, SIGSTOP);
		missing = lines_in("lines") < count;
		resume(pid);
	}
	printf("signal %d: %s, %s\n", signal, bad ? "not a prefix" : "always a prefix", tries >= 1000 ? "late after SIGCONT" : "all there after SIGCONT");
	if (signal == SIGTSTP && behind)
		printf("%d times not all was there\n", behind);
	end(pid, "killed");
	unlink("first.lines");
	unlink("child.lines");
	close(file);
}

/* Sleeps in a call right behind a burst, is stopped and goes on: the call goes on too. */
static void sleeps(void)
{
	struct pollfd one = {go_on[0], POLLIN, 0};
	struct timespec short_time = {0, 1000000};
	char byte;

	burst(file, "main", 0, 200);
	int polled = poll(&one, 1, 20000);
	burst(file, "polled", 0, 200);
	int got = read(go_on[0], &byte, 1);
	int again = read(go_on[0], &byte, 1); /* waits too */
	burst(file, "read", 0, 200);
	int slept = nanosleep(&short_time, NULL);
	dprintf(told, "poll %d, read %d %d, nanosleep %d\n", polled, got, again, slept);
	burst(file, "slept", 0, 200);
}

static void await_sleep(pid_t pid)
{
	char path[64], text[512];
	int asleep = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	for (; asleep < 3; usleep(2000)) {
		int fd = open(path, O_RDONLY);
		ssize_t got = read(fd, text, sizeof text - 1);
		close(fd);
		text[got > 0 ? got : 0] = 0;
		char *end = strrchr(text, ')');
		asleep = end && end[2] == 'S' ? asleep + 1 : 0;
	}
}

static void while_it_sleeps(const void *number)
{
	int status;

	file = create("sleeps");
	told = create("sleeps.told");
	if (pipe(go_on))
		die("pipe");
	pid_t pid = job(sleeps);
	for (int i = 0; i < 2; i++) {
		await_sleep(pid);
		stop(pid, *(const int *)number);
		printf("stopped in its sleep: %ld lines\n", lines_in("sleeps"));
		resume(pid);
		await_sleep(pid);
		if (write(go_on[1], "g", 1) != 1)
			die("write");
	}
	waitpid(pid, &status, 0);
	printf("status %#x\n", status);
	close(file), close(told), close(go_on[0]), close(go_on[1]);
}

static void tell_disposition(const char *when)
{
	struct sigaction now;
	sigset_t pending;

	sigaction(SIGTSTP, NULL, &now);
	sigpending(&pending);
	dprintf(told, "%s: %s, flags %#x, pending %d\n", when, now.sa_handler == SIG_DFL ? "default" : now.sa_handler == SIG_IGN ? "ignored" : "handler",
		now.sa_flags, sigismember(&pending, SIGTSTP));
}

/* as an editor does: tidies up, stops itself by the default, sets itself up again */
static void on_stop(int number)
{
	sigset_t stop;

	handled++;
	burst(file, "handler", handled * 10 - 10, handled * 10);
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&stop);
	sigaddset(&stop, number);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(number, on_stop);
	burst(file, "resumed", handled * 10 - 10, handled * 10);
}

static void stops_itself(void)
{
	sigset_t stop, old;

	tell_disposition("at first");
	burst(file, "main", 0, 300);
	raise(SIGTSTP);
	burst(file, "main", 300, 600);
	tell_disposition("stopped once");
	burst(file, "main", 600, 900);
	inline_call(SYS_kill, getpid(), SIGSTOP, 0, 0);
	burst(file, "main", 900, 1000);
	signal(SIGTSTP, on_stop);
	burst(file, "main", 1000, 1100);
	raise(SIGTSTP);
	burst(file, "main", 1100, 1200);
	signal(SIGTSTP, SIG_IGN);
	burst(file, "main", 1200, 1300);
	raise(SIGTSTP);
	tell_disposition("ignored");
	signal(SIGTSTP, SIG_DFL);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, &old);
	burst(file, "main", 1300, 1400);
	raise(SIGTSTP);
	burst(file, "main", 1400, 1500);
	tell_disposition("blocked");
	burst(file, "main", 1500, 1600);
	sigprocmask(SIG_SETMASK, &old, NULL); /* and here */
	burst(file, "main", 1600, 1700);
	raise(SIGTTIN);
	burst(file, "main", 1700, 1800);
	raise(SIGTTOU);
	burst(file, "main", 1800, 1900);
}

static void by_itself(const void *unused)
{
	int status;

	(void)unused;
	file = create("itself");
	told = create("itself.told");
	pid_t pid = job(stops_itself);
	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) != pid)
			die("waitpid");
		if (!WIFSTOPPED(status))
			break;
		printf("stopped by %d with %ld lines\n", WSTOPSIG(status), lines_in("itself"));
		kill(pid, SIGCONT);
	}
	printf("status %#x\n", status);
	close(file), close(told);
}

/* Nobody would continue it: the default of SIGTSTP does nothing here. */
static void orphaned(void)
{
	setsid();
	burst(file, "main", 0, 200);
	for (int i = 0; i < 20; i++) {
		raise(SIGTSTP);
		burst(file, "main", 200 + 20 * i, 220 + 20 * i);
		inline_call(SYS_tkill, getpid(), SIGTSTP, 0, 0);
	}
	tell_disposition("orphaned");
}

static void in_no_job(const void *unused)
{
	int status;

	(void)unused;
	file = create("orphaned");
	told = create("orphaned.told");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		orphaned();
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	printf("orphaned: status %#x\n", status);
	if (WIFSTOPPED(status))
		kill(pid, SIGKILL);
	close(file), close(told);
}

/* Somebody continues who runs, and waits: no wait ends by that, and the disposition is the default. */
static void is_continued(const char *who)
{
	struct sigaction seen;
	pid_t parent = getpid(), child;

	sigaction(SIGCONT, NULL, &seen);
	printf("%s: SIGCONT is at %s\n", who, seen.sa_handler == SIG_DFL ? "its default" : "a handler");
	fflush(stdout);
	child = fork();
	if (!child) {
		usleep(100000);
		kill(parent, SIGCONT);
		_exit(0);
	}
	errno = 0;
	int result = poll(NULL, 0, 300);
	printf("%s: the wait ended with %d, %s\n", who, result, strerror(errno));
	fflush(stdout);
	waitpid(child, NULL, 0);
}

/* One that it has blocked waits for it, however many bursts and waits come in between. */
static void keeps_what_is_blocked(const void *unused)
{
	struct timespec soon = {0, 1000000};
	sigset_t go_on, old, pending;
	siginfo_t info;

	(void)unused;
	file = create("keeps");
	sigemptyset(&go_on);
	sigaddset(&go_on, SIGCONT);
	burst(file, "main", 0, 200);
	sigprocmask(SIG_BLOCK, &go_on, &old);
	for (int i = 0; i < 3; i++) {
		burst(file, "main", 200 + 200 * i, 300 + 200 * i);
		kill(getpid(), SIGCONT);
		burst(file, "main", 300 + 200 * i, 400 + 200 * i);
		poll(NULL, 0, 1);
		sigpending(&pending);
		printf("SIGCONT is pending: %d, waited for: %d\n", sigismember(&pending, SIGCONT), sigtimedwait(&go_on, &info, &soon));
		printf("by kill, from itself: %d\n", info.si_code == SI_USER && info.si_pid == getpid() && info.si_uid == getuid());
	}
	kill(getpid(), SIGCONT);
	burst(file, "main", 800, 900);
	poll(NULL, 0, 1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	is_continued("behind it");
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		is_continued("a child");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	close(file);
}

int main(void)
{
	static const int stops[] = {SIGTSTP, SIGSTOP, SIGTTIN};

	for (int i = 0; i < 3; i++) {
		in_both(many_times, &stops[i]);
		in_both(while_it_sleeps, &stops[i]);
	}
	in_both(by_itself, NULL);
	in_both(in_no_job, NULL);
	in_both(keeps_what_is_blocked, NULL);
	puts("done");
	return 0;
}
