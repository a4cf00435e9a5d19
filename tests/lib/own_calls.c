/* own_calls FROM SIZE LIBRARY NUMBER TURN ERROR REPORT PROGRAM...: runs a program with the shim, whose own kernel call TURN (from 1) of those with this
 * NUMBER fails: ERROR is the number of an errno; or -1: the call is made with half of its bytes. TURN 0: none fails, and REPORT gets each one's
 * number. Own calls enter the kernel within SIZE bytes at FROM of LIBRARY (raw_call), and nobody else does. Children are not looked at. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long from, size, base;
static const char *library;
static long number, turn, error, own;
static FILE *report;

/* Where the library stands, once it does. */
static void look(pid_t pid)
{
	char path[64], line[4096];

	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	while (maps && !base && fgets(line, sizeof line, maps))
		if (strstr(line, library))
			base = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
}

static int is_own(pid_t pid, const struct user_regs_struct *r)
{
	if (!base && ((r->rip - from) & 4095) <= size)
		look(pid);
	return base && r->rip - base - from <= size;
}

/* With half of its bytes; 0: it has none. */
static int halve(struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_read:
	case SYS_write:
	case SYS_pread64:
	case SYS_pwrite64:
		r->rdx /= 2;
		return r->rdx > 0;
	default:
		return 0;
	}
}

/* 1: its answer is to be changed. */
static int on_entry(pid_t pid, struct user_regs_struct *r)
{
	if (!is_own(pid, r))
		return 0;
	if (!turn)
		fprintf(report, "%llu\n", (unsigned long long)r->orig_rax);
	if ((long)r->orig_rax != number || ++own != turn || (error < 0 && !halve(r)))
		return 0;
	if (error > 0)
		r->orig_rax = (unsigned long)-1;
	ptrace(PTRACE_SETREGS, pid, 0, r);
	return error > 0;
}

static int run(pid_t pid)
{
	int status, entered = 0, fails = 0, deliver = 0;
	struct user_regs_struct r;

	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, 0, deliver);
		deliver = 0;
		if (waitpid(pid, &status, 0) != pid || WIFEXITED(status) || WIFSIGNALED(status))
			return status;
		if (status >> 16 == PTRACE_EVENT_EXEC) {
			base = 0;
			continue;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			deliver = WSTOPSIG(status);
			continue;
		}
		entered = !entered;
		if (ptrace(PTRACE_GETREGS, pid, 0, &r) != 0)
			continue;
		if (entered) {
			fails = on_entry(pid, &r);
		} else if (fails) {
			r.rax = (unsigned long)-error;
			ptrace(PTRACE_SETREGS, pid, 0, &r);
		}
	}
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 9)
		return 125;
	from = strtoul(argv[1], NULL, 0);
	size = strtoul(argv[2], NULL, 0);
	library = argv[3];
	number = atol(argv[4]);
	turn = atol(argv[5]);
	error = atol(argv[6]);
	report = fopen(argv[7], "we");
	pid_t pid = report ? fork() : -1;
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		setenv("LD_PRELOAD", library, 1);
		execvp(argv[8], argv + 8);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 125;
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) != 0)
		return 125;
	status = run(pid);
	fclose(report);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
