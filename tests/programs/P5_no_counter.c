/* Forbids itself the time-stamp counter, which the clock of the vDSO reads as well (prctl(2), PR_SET_TSC): whoever reads it dies by SIGSEGV. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;

/* Small ones, which make a batch; and calls that may wait, whose times are wanted. */
static void work(const char *who)
{
	char line[32];
	int ends[2];

	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof line, "%s %d\n", who, i);
		if (write(file, line, strlen(line)) != (ssize_t)strlen(line))
			abort();
	}
	if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1 || read(ends[0], line, 1) != 1)
		abort();
	usleep(3000);
	close(ends[0]);
	close(ends[1]);
}

static void child(const char *who)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		work(who);
		exit(3);
	}
	if (waitpid(pid, &status, 0) != pid)
		abort();
	printf("%s: status %#x\n", who, status);
}

int main(void)
{
	int how = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	file = open("lines", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	work("before");
	/* The kernel looks at the lower half of both. */
	if (syscall(SYS_prctl, 0x500000000 | PR_SET_TSC, 0x700000000 | PR_TSC_SIGSEGV, 0L, 0L, 0L) < 0)
		return 1;
	work("without");
	child("child");
	prctl(PR_GET_TSC, &how);
	printf("%s\n", how == PR_TSC_SIGSEGV ? "forbidden" : "allowed");
	if (prctl(PR_SET_TSC, PR_TSC_ENABLE) < 0)
		return 1;
	work("again");
	child("later child");
	return 0;
}
