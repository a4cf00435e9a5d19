/* sysshim run --trace-static of a program that cannot load the shim itself: the tracer is started for this very process, which then executes the
 * program. For children of a program that has the shim, the shim does the same (shim/process/tracer.c says how and why). */
#include "clock.h"
#include "command.h"
#include "print.h"
#include "recording.h"
#include "../format/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that raises no signal when it ends, and that only a wait with __WALL finds: the program inherits neither. */
static pid_t quiet_fork(void)
{
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

static void run_tracer(int tracee, int answer, const char *folder, const char *program)
{
	char numbers[3][16];

	snprintf(numbers[0], sizeof numbers[0], "%d", tracee);
	snprintf(numbers[1], sizeof numbers[1], "%d", answer);
	snprintf(numbers[2], sizeof numbers[2], "%d", tracee);
	setsid();
	fcntl(answer, F_SETFD, 0);
	execl(tracer_path(), tracer_path(), numbers[0], numbers[1], folder, numbers[2], "0", program, (char *)NULL);
	_exit(EXIT_OURS);
}

static int tracer_start(const char *folder, const char *program)
{
	int answer[2], error = -ENOEXEC, self = getpid(), adopts = 0;
	pid_t tracer = 0;

	/* The tracer would come back as a child of whoever adopts orphans. */
	if (self == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &adopts) == 0 && adopts))
		return -ECHILD;
	if (pipe2(answer, O_CLOEXEC) != 0)
		return -errno;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	/* The child in between ends, so that the tracer is nobody's child here. */
	pid_t child = quiet_fork();
	if (!child) {
		tracer = quiet_fork();
		if (!tracer)
			run_tracer(self, answer[1], folder, program);
		_exit(write(answer[1], &tracer, sizeof tracer) != (ssize_t)sizeof tracer);
	}
	close(answer[1]);
	if (child > 0)
		waitpid(child, NULL, __WALL);
	/* NB: two writers, and a pipe keeps whole what each has written; the tracer's own answer is no process number. */
	for (int value; child > 0 && read(answer[0], &value, sizeof value) == (ssize_t)sizeof value;)
		*(value > 0 ? &tracer : &error) = value;
	close(answer[0]);
	prctl(PR_SET_PTRACER, 0);
	return child < 0 || tracer <= 0 ? -EAGAIN : error ? error : tracer;
}

/* mkdir -p -m 700 */
static int make_folders(char *path)
{
	for (char *at = path + 1;; at++) {
		char old = *at;
		if (old && old != '/')
			continue;
		*at = 0;
		int made = mkdir(path, 0700);
		if (!made)
			chmod(path, 0700);
		*at = old;
		if (!old || (made != 0 && errno != EEXIST))
			return made;
	}
}

static int is_anothers(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && (status.st_uid != geteuid() || status.st_mode & (S_IWGRP | S_IWOTH));
}

/* A new one in the state folder, as shim/record/recordings.c makes it; old ones are taken away by the next program that has the shim. */
static int make_recording(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *base = state && *state == '/' ? state : getenv("HOME");
	struct stat status;

	if (!recordings_folder(path, size))
		return 0;
	/* Somebody else's home is not to get files of ours. */
	char *name = strrchr(path, '/');
	*name = 0;
	int is_ours = !is_anothers(path);
	*name = '/';
	if (!is_ours || is_anothers(path) || (stat(base, &status) == 0 && status.st_uid != geteuid())) {
		errno = EACCES;
		return 0;
	}
	struct text out = {path + strlen(path), path + size - 1, 0};
	text_char(&out, '/');
	state_recording_name(&out, clock_now(CLOCK_REALTIME), getpid());
	*out.at = 0;
	return !out.cut && make_folders(path) == 0;
}

int trace_this(const char *record, const char *program)
{
	char folder[PATH_MAX];
	int error = 0;

	errno = ENOENT;
	if (record ? !realpath(record, folder) : !make_recording(folder, sizeof folder))
		error = -errno;
	int tracer = error ? error : tracer_start(folder, program);
	if (tracer > 0)
		return tracer;
	print_complaint("sysshim run: %s cannot be traced: %s; it runs without", program, strerror(-tracer));
	return 0;
}

int can_trace(int has_recording)
{
	if (!has_recording)
		fprintf(stderr, "sysshim run: --trace-static makes a recording; neither -o, SYSSHIM_LOG nor --record=off go with it\n");
	else if (!tracer_path())
		fprintf(stderr, "sysshim run: sysshim-tracer is not where it was installed with the command\n");
	return has_recording && tracer_path();
}
