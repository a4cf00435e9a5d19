/* A child that is executed instruction by instruction, so that a signal meets one call of it in every place: between any two instructions of
 * it, and no timer must be lucky. It is traced from outside (PTRACE_SEIZE) and need not know. The child says MARK() before and behind
 * the call; a round is one pair of marks. The first three go without a signal: one meets what is done once only, the others tell how many
 * instructions there are. */
#ifndef STEPS_H
#define STEPS_H
#include "burst.h"
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* Two instructions: a step onto the first was seen to be reported as a plain step, one time in thousands. */
#define MARK() __asm__ volatile("int3; int3" ::: "memory")
enum { ENDED = -1, STEPS = 8000 /* of a child in all rounds together: more take too long */ };

static int step_status; /* of the child's end */
static int step_ended;

/* Lets it go on; returns the signal that it stops with, or ENDED. */
static inline int go(pid_t pid, int request, int signal)
{
	int status;

	if (step_ended)
		return ENDED;
	if (ptrace(request, pid, 0, (long)signal) && errno != ESRCH)
		die("ptrace");
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFSTOPPED(status))
		return WSTOPSIG(status);
	step_status = status;
	step_ended = 1;
	return ENDED;
}

static inline int is_mark(pid_t pid)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0 && info.si_code == SI_KERNEL;
}

/* A stepped pushf has saved the flag that makes it step, and popf has set it. */
static inline void no_more_steps(pid_t pid)
{
	size_t flags = offsetof(struct user, regs.eflags);

	ptrace(PTRACE_POKEUSER, pid, flags, ptrace(PTRACE_PEEKUSER, pid, flags, 0) & ~0x100L);
}

/* It has met an instruction of a mark: on to the second one, where it is not. Returns 0 when it ended. */
static inline int settle(pid_t pid)
{
	int signal = 0;

	while ((ptrace(PTRACE_PEEKTEXT, pid, ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip), 0), 0) & 0xff) == 0xcc)
		do
			signal = go(pid, PTRACE_CONT, signal == SIGTRAP ? 0 : signal);
		while (signal != SIGTRAP && signal != ENDED);
	no_more_steps(pid);
	return signal != ENDED;
}

/* On to the next mark, every signal on the way handed over. 0: it ended before. */
static inline int to_mark(pid_t pid)
{
	int signal = 0;

	while ((signal = go(pid, PTRACE_CONT, signal)) != SIGTRAP || !is_mark(pid)) {
		if (signal == ENDED)
			return 0;
		if (signal == SIGTRAP) {
			no_more_steps(pid);
			signal = 0;
		}
	}
	return settle(pid);
}

/* One instruction on, a signal that comes of itself is handed over. 0: a mark or the end was met. */
static inline int step(pid_t pid)
{
	int signal = 0;

	while ((signal = go(pid, PTRACE_SINGLESTEP, signal)) != SIGTRAP)
		if (signal == ENDED)
			return 0;
	return !is_mark(pid) || (settle(pid), 0);
}

/* A child that runs `body` when it is traced. */
static inline pid_t traced(void (*body)(void))
{
	int ends[2];
	char byte;

	step_ended = 0;
	fflush(stdout);
	if (pipe(ends))
		die("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 0)
			_exit(92);
		close(ends[0]);
		body();
		_exit(0);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL)) {
		printf("a child cannot be traced here: %s\n", strerror(errno));
		kill(pid, SIGKILL);
		exit(77);
	}
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* Steps take long: a shim's time bound must not run out meanwhile. Called first of all; the program executes itself once more. */
static inline void without_hurry(char **argv)
{
	if (getenv("WITHOUT_HURRY"))
		return;
	setenv("WITHOUT_HURRY", "1", 1);
	setenv("SYSSHIM_LATENCY_MS", "1000", 1);
	execv("/proc/self/exe", argv);
	die("exec");
}

/* Rounds 0 to `rounds` of a child: in each but the first three `signal` comes somewhere else. Returns the child's wait status. */
static inline int signal_everywhere(void (*body)(void), int signal, int rounds)
{
	pid_t pid = traced(body);
	long length = 1 << 30, stride = 1;

	for (int round = 0; round <= rounds && to_mark(pid); round++) {
		long at = round > 2 ? (round - 3) * length / rounds : 1 << 30, n = 0;
		if (round > 2 && round % stride) {
			to_mark(pid);
			continue;
		}
		while (n < at && step(pid))
			n++;
		if (round == 1 || round == 2) {
			length = n < length ? n : length;
			stride = 1 + length * rounds / 2 / STEPS;
			stride = stride > rounds / 8 ? rounds / 8 : stride;
		}
		if (n < at)
			continue; /* this time the way was shorter: the second mark is reached */
		kill(pid, signal);
		if (!to_mark(pid))
			return step_status;
	}
	while (to_mark(pid))
		;
	return step_status;
}

#endif
