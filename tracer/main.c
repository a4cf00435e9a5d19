/* sysshim-tracer THREAD DESCRIPTOR FOLDER FIRST LATER [PATH]: not for a user's hand. The shim (shim/process/tracer.c) and `sysshim run --trace-static`
 * (cli/trace_static.c) start it for a thread that is about to execute a program that cannot load the shim. It attaches, writes 0 or the negative
 * error to the descriptor, and stays until the last of the program's processes is gone.
 *
 * A program of its own and not a part of `sysshim`: it starts as often as such a program does, and what the command needs (a disassembler)
 * takes ten times as long to load; and linked statically it starts in every root. */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <asm/unistd.h>
#include <unistd.h>

/* Of what we have inherited nothing stays open: who reads a pipe of the program waits for its end. */
static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a, most = (int)sysconf(_SC_OPEN_MAX);

	if (low > 0)
		syscall(__NR_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(__NR_close_range, low + 1, high - 1, 0);
	if (syscall(__NR_close_range, high + 1, ~0u, 0) == 0)
		return;
	/* Linux before 5.9. */
	for (int fd = 0; fd < most; fd++)
		if (fd != a && fd != b)
			close(fd);
}

static void settle(void)
{
	struct rlimit limit;
	sigset_t all;

	/* Only SIGKILL ends us. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(077);
	/* A file for each process. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	int process, parent;

	if (argc < 6)
		return 2;
	int tid = atoi(argv[1]), answer = atoi(argv[2]);
	settle();
	int error = image_start(argv[3], atoi(argv[4]));
	if (error >= 0) {
		close_all_but(answer, error);
		error = chdir("/") ? -errno : 0;
	}
	calls_choose(getenv("SYSSHIM_TRACE"));
	if (!error && !proc_ids(tid, &process, &parent))
		error = -ENOSYS;
	if (!error && ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACEEXEC) != 0)
		error = -errno;
	if (write(answer, &error, sizeof error) != (ssize_t)sizeof error)
		return 1;
	close(answer);
	if (!error)
		loop(tid, atoi(argv[5]), argc > 6 ? argv[6] : NULL);
	return error ? 1 : 0;
}
