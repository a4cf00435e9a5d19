/* One run of a program that is verified. It has a session of its own, so no terminal; what it leaves running is ended, or it would go on writing while
 * others look at what it has written. */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 100, STEP = 10000000 /* ns: a second together */ };

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t came, running;

static void on_signal(int signal)
{
	came = signal;
	if (running)
		kill(-running, SIGKILL);
}

void verify_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	for (unsigned i = 0; i < sizeof caught / sizeof caught[0]; i++)
		if (sigaction(caught[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	/* What the program leaves behind becomes ours. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int verify_signal(void)
{
	return came;
}

/* In the child. */
static void become(const struct verify_run *run, char *const *arguments, int tell)
{
	int in = run->in >= 0 ? run->in : open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < sizeof caught / sizeof caught[0]; i++) {
		struct sigaction before;
		if (sigaction(caught[i], NULL, &before) == 0 && before.sa_handler == on_signal)
			signal(caught[i], SIG_DFL);
	}
	setsid();
	if (chdir(run->folder) == 0 && lseek(in, 0, SEEK_SET) >= 0 && dup2(in, 0) == 0 && dup2(run->out, 1) == 1 && dup2(run->err, 2) == 2) {
		if (getenv("PWD"))
			setenv("PWD", run->folder, 1);
		execvp(arguments[0], arguments);
	}
	int error = errno;
	if (write(tell, &error, sizeof error) < 0)
		_exit(126);
	_exit(127);
}

/* The processes that have become our children since. */
static void end_children(void)
{
	char path[64];
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *list = fopen(path, "re");
	while (list && fscanf(list, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (list)
		fclose(list);
}

/* They have a second; afterwards they are ended, one generation after the other. */
static unsigned wait_for_left(void)
{
	const struct timespec step = {0, STEP};
	unsigned ended = 0;
	pid_t pid;

	for (int turn = 0; (pid = waitpid(-1, NULL, WNOHANG)) >= 0; turn++) {
		if (pid > 0) {
			ended += turn > PATIENCE;
			continue;
		}
		if (turn >= PATIENCE || came)
			end_children();
		nanosleep(&step, NULL);
	}
	return ended;
}

int verify_execute(struct verify_run *run, char *const *arguments)
{
	int ends[2], error = 0;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	pid_t pid = fork();
	if (pid == 0)
		become(run, arguments, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return 0;
	}
	running = pid;
	while (read(ends[0], &error, sizeof error) < 0 && errno == EINTR)
		;
	close(ends[0]);
	/* NB: a signal that came before there was anybody to be ended. */
	if (came)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &run->status, 0) < 0 && errno == EINTR)
		;
	running = 0;
	run->left = wait_for_left();
	errno = error;
	return !error && !came;
}
