/* The tracer of a child that cannot load us. It is a program of its own, started just before the exec and attached to the thread that makes
 * it: so the exec stays the program's own, with its arguments, its environment and its errors, and where it fails the tracer is ended and
 * nothing has happened. What the new program must be told, a seccomp filter, the tracer puts into it itself (tracer/inject.c).
 *
 * Two children in our memory: the first makes the second and ends, so that the tracer is nobody's child here; the second is in a session of
 * its own, where no terminal's signal reaches it, and executes the tracer. All signals are blocked meanwhile: no handler runs in
 * a child on a borrowed stack. */
#include "target.h"
#include "tracer.h"
#include "../sys/memory.h"
#include "../../format/text.h"

#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/wait.h>

#include "../sys/poison.h"

enum { STACK = 8192, KILL = 9, PATIENCE = 10000 };

static struct {
	const char *path;
	const char *const *environment;
} known;

/* What the three share. */
struct start {
	char stacks[2][STACK] __attribute__((aligned(16)));
	const char *arguments[7];
	int32_t answer[2]; /* a pipe: the tracer says that it is attached, or why not */
	int32_t tracer, error; /* its number; why it could not be executed */
	char folder[PATH_LIMIT];
	char numbers[64];
};
_Static_assert(sizeof(struct start) <= TRACER_ROOM, "it has its place");

void tracer_know(const char *path, const char *const *environment)
{
	known.path = path;
	known.environment = environment;
}

int tracer_is_wanted(void)
{
	return settings.follow && known.path != NULL && *known.path;
}

static long run(void *shared)
{
	struct start *s = shared;

	RAW(__NR_setsid);
	RAW(__NR_fcntl, s->answer[1], F_SETFD, 0);
	s->error = (int32_t)RAW(__NR_execve, known.path, s->arguments, known.environment);
	return 127;
}

static long run_as_orphan(void *shared)
{
	struct start *s = shared;

	s->tracer = (int32_t)raw_borrow(run, s, s->stacks[1] + STACK);
	return 0;
}

static const char *number(struct text *out, int64_t value)
{
	const char *start = out->at;

	text_decimal(out, value);
	text_char(out, 0);
	return start;
}

/* The folder of our own file, and who is to be followed; 0: there is no recording. */
static int describe(struct start *s, const struct process *p)
{
	struct text folder = {s->folder, s->folder + sizeof s->folder - 1, 0}, numbers = {s->numbers, s->numbers + sizeof s->numbers, 0};
	const char *end = p->log.sink.path + string_length(p->log.sink.path);

	while (end > p->log.sink.path && *end != '/')
		end--;
	text_bytes(&folder, p->log.sink.path, (size_t)(end - p->log.sink.path));
	*folder.at = 0;
	s->arguments[0] = known.path;
	s->arguments[1] = number(&numbers, RAW(__NR_gettid));
	s->arguments[2] = number(&numbers, s->answer[1]);
	s->arguments[3] = s->folder;
	s->arguments[4] = number(&numbers, inherited.recording_pid);
	s->arguments[5] = number(&numbers, process_is_ours(p)); /* it had a file before */
	s->arguments[6] = NULL;
	return settings.recording && p->log.sink.open && *s->folder;
}

static long start(struct start *s, const struct process *p)
{
	int32_t error = -ECHILD, adopts = 0;

	if (!describe(s, p))
		return -ENOENT;
	/* The tracer would come back as a child of whoever adopts orphans. */
	if (RAW(__NR_getpid) == 1 || target_child_is_first() || (RAW(__NR_prctl, PR_GET_CHILD_SUBREAPER, &adopts) == 0 && adopts))
		return -ECHILD;
	/* Where only an ancestor may trace (yama, ptrace_scope 1). Nobody else is asked: the tracer is the next to attach, and it is ours. */
	RAW(__NR_prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	long child = raw_borrow(run_as_orphan, s, s->stacks[0] + STACK);
	if (child > 0)
		RAW(__NR_wait4, child, 0, __WALL, 0);
	RAW(__NR_close, s->answer[1]);
	s->answer[1] = -1;
	if (child > 0 && s->tracer < 0)
		child = s->tracer;
	if (child > 0 && own_read(RAW(__NR_read, s->answer[0], &error, sizeof error)) != sizeof error)
		error = s->error ? s->error : -EIO;
	RAW(__NR_prctl, PR_SET_PTRACER, 0);
	if (child < 0)
		return child;
	return error ? error : s->tracer;
}

long tracer_start(const struct process *p, char *room)
{
	struct start *s = (struct start *)room;
	uint64_t mask;
	long result = RAW(__NR_pipe2, s->answer, O_CLOEXEC);

	if (is_error(result))
		return result;
	block_signals(&mask);
	result = start(s, p);
	unblock_signals(&mask);
	for (int i = 0; i < 2; i++)
		if (s->answer[i] >= 0)
			RAW(__NR_close, s->answer[i]);
	return result;
}

/* Is this thread still traced? Where /proc does not say it is not. */
static int is_traced(char *room)
{
	static const char line[] = "TracerPid:\t", nobody[] = "TracerPid:\t0\n";
	long fd = RAW_OPEN("/proc/thread-self/status", O_RDONLY | O_CLOEXEC), size = 0;

	if (fd >= 0) {
		size = own_read(RAW(__NR_read, fd, room, STACK));
		RAW(__NR_close, fd);
	}
	for (long i = 0; i + (long)sizeof nobody <= size; i++)
		if (memcmp(room + i, line, sizeof line - 1) == 0)
			return memcmp(room + i, nobody, sizeof nobody - 1) != 0;
	return 0;
}

/* NB: until it is gone no other can attach, and the next exec may come at once. */
void tracer_stop(long tracer, char *room)
{
	if (RAW(__NR_kill, tracer, KILL) != 0)
		return;
	for (int turn = 0; turn < PATIENCE && is_traced(room); turn++)
		RAW(__NR_sched_yield);
}
