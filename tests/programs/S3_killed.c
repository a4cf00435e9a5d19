/* A signal from outside ends the process in the middle of a burst, wherever it just is: each that ends a process, at different times, and
 * an interval timer of its own. The parent sees the process's own count of the lines that it has written, at its very end
 * (PTRACE_EVENT_EXIT): all of them are in the file, at most the one that was being written besides, and the wait status tells the signal. */
/* coalesces: yes */
/* cc: -no-pie */
/* timeout: 120 */
#include "burst.h"
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { MOST = 200000 };

static volatile long written;
static int file, timer;

static void writes(void)
{
	char text[160];

	if (timer) {
		struct itimerval soon = {{0, 0}, {0, 3000}};
		setitimer(ITIMER_REAL, &soon, NULL);
	}
	while (written < MOST) {
		int length = line(text, "main", (int)written);
		if (write(file, text, length) != length)
			_exit(91);
		written++;
		/* enough lines for a burst, and no more than the parent can read soon */
		if (written > 1000)
			spin(1000);
	}
	/* nothing more is written; the signal is still to come */
	spin(10000000000);
	_exit(96);
}

static void refuse(void)
{
	printf("a child cannot be traced here: %s\n", strerror(errno));
	exit(77);
}

/* Follows it to its end; returns the wait status. */
static int follow(pid_t pid, long *count)
{
	int status, signal = 0;

	*count = -1;
	for (;;) {
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
		if (!WIFSTOPPED(status))
			return status;
		signal = WSTOPSIG(status);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			*count = ptrace(PTRACE_PEEKDATA, pid, &written, 0);
			signal = 0;
		} else if (status >> 16) {
			signal = 0;
		}
		ptrace(PTRACE_CONT, pid, 0, (long)signal);
	}
}

static void end_by(int number, int executes, useconds_t later)
{
	char path[128];
	struct stat now = {0};
	long count;
	int ends[2];
	char byte;

	timer = number == SIGALRM;
	snprintf(path, sizeof path, "%s.lines", who);
	file = create("lines");
	if (pipe(ends))
		die("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 0) /* until it is traced */
			_exit(95);
		dup2(file, 5);
		if (executes)
			execl("/proc/self/exe", "S3", timer ? "timer" : "no", NULL);
		file = 5;
		writes();
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)) {
		kill(pid, SIGKILL);
		refuse();
	}
	close(ends[0]);
	close(ends[1]);
	close(file);
	/* Traced, it stops at every signal of its own until we wait for it: so it is not waited for with a sleep. */
	while (!timer && now.st_size < 400) {
		int status;
		if (stat(path, &now))
			die(path);
		if (waitpid(pid, &status, WNOHANG) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, status >> 16 ? 0L : (long)WSTOPSIG(status));
	}
	for (long long end = nanoseconds() + later * 1000LL; !timer && nanoseconds() < end;) {
		int status;
		if (waitpid(pid, &status, WNOHANG) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, 0, status >> 16 ? 0L : (long)WSTOPSIG(status));
	}
	if (!timer)
		kill(pid, number);
	int status = follow(pid, &count);
	struct writers all = look(path);
	int lines = lines_of(&all, "main");
	printf("%d, %s: status %#x, ", number, executes ? "executed" : "forked", status);
	if (all.wrong || lines < count || lines > count + 1 || count < 0)
		printf("%d lines in the file, %ld written, wrong %d\n", lines, count, all.wrong);
	else
		puts("every line is there");
	unlink(path);
}

int main(int argc, char **argv)
{
	/* SIGSYS waits in no queue: one of a shim's own that is pending while the process is traced takes its place. S6_sigsys.c sends it. */
	static const int kept[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSYS, 32, 33};

	if (argc > 1) {
		timer = strcmp(argv[1], "timer") == 0;
		file = 5;
		writes();
	}
	for (int number = 1; number <= SIGRTMAX; number++) {
		int skipped = 0;
		for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++)
			skipped |= number == kept[i];
		/* of the real-time ones a few */
		if (skipped || (number > 36 && number % 9))
			continue;
		for (int round = 0; round < 2; round++)
			end_by(number, round, number * 37 % 11 * 300);
		fflush(stdout);
	}
	puts("done");
	return 0;
}
