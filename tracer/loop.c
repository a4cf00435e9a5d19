/* The stops of those that are followed (ptrace(2)). Attached by PTRACE_SEIZE, so a stop of theirs by a signal stays one, and nothing is sent to
 * them. With PTRACE_O_EXITKILL: without us every call that the filter sends here would fail with ENOSYS, and a program that goes on like that
 * does more harm than one that is gone. */
#include "tracer.h"

#include <asm/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		  PTRACE_O_EXITKILL
};

static struct {
	int later_image;
	const char *path;
} first;

static unsigned long message(int tid)
{
	unsigned long value = 0;

	ptrace(PTRACE_GETEVENTMSG, tid, 0, &value);
	return value;
}

/* In a file that begins with a program of which no other says that it was executed. */
static void put_first_exec(struct image *image, const char *path)
{
	static struct {
		struct record_call call;
		uint64_t arguments[3];
		struct record_memory memory;
		char path[4096];
	} r;
	size_t size = strlen(path), padded = (size + 8) & ~(size_t)7;

	if (padded > sizeof r.path)
		return;
	r.call = (struct record_call){.number = __NR_execve, .arguments_count = 3, .thread = image->pid, .serial = ++image->serials, .began = clock_now()};
	r.arguments[0] = 8; /* an address that nothing else has */
	r.memory = (struct record_memory){8, (uint32_t)size + 1, (int32_t)size + 1};
	memcpy(r.path, path, size + 1);
	image_record(image, &r.call.word, offsetof(__typeof__(r), path) + padded, RECORD_BEGIN, RECORD_MEMORY);
}

static void put_exec_end(struct image *image)
{
	struct {
		struct record_call call;
		uint64_t arguments[3];
	} r = {{.number = __NR_execve, .arguments_count = 3, .thread = image->pid, .began = clock_now()}, {0}};

	image_record(image, &r.call.word, sizeof r, RECORD_CALL, RECORD_RESUMED);
}

/* The program that is to be followed is there; 0: it cannot be, and goes on natively. */
static int begin(struct image *image, int tid)
{
	char why[sizeof((struct record_note *)0)->text];
	int error = ptrace(PTRACE_SETOPTIONS, tid, 0, OPTIONS) != 0 ? -errno : inject_filter(tid);

	if (!error)
		return 1;
	const char *name = errno_name((unsigned)-error);
	snprintf(why, sizeof why, "not traced: no filter, %s", name ? name : "?");
	image_note(image, tid, why);
	image->header.not_followed[0]++;
	image_end(image, RECORD_FINISHED, 0);
	ptrace(PTRACE_SETOPTIONS, tid, 0, 0);
	return 0;
}

/* `tid` is the process's number now; it was `former`'s thread that made the call, and all others are gone. 0: it is not followed. */
static int executed(int tid, int former)
{
	struct task *task = task_find(former);
	int is_first = task && !task->image, process, parent;
	struct image *old = task ? task->image : NULL;

	if (!task || !proc_ids(tid, &process, &parent))
		return 1;
	struct image *image = image_new(tid, parent, is_first ? first.later_image : 1, NULL);
	if (!image)
		return !is_first;
	if (old)
		image_end(old, RECORD_EXECED, 0);
	task_remove(task);
	if (former != tid && (task = task_find(tid)))
		task_remove(task);
	task_add(tid, image);
	if (is_first && first.path)
		put_first_exec(image, first.path);
	put_exec_end(image);
	/* The kernel gives none to what is traced without CAP_SYS_PTRACE, or under no_new_privs. */
	if (proc_is_without_rights(tid))
		image_note(image, tid, "traced: without its set-user-id rights");
	return !is_first || begin(image, tid);
}

static int is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* How it is to go on: a request and what goes with it. */
static void stopped(int tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	/* NB: where another thread than the first made the exec, the process's number is nobody's at this moment. */
	struct task *task = event == PTRACE_EVENT_EXEC ? NULL : task_known(tid);
	long request = PTRACE_CONT;
	long deliver = 0;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		if (task && task->image)
			task_enters(task, message(tid) == CALLS_32 ? CALLS_32 : CALLS_64);
		request = task && task->in_call ? PTRACE_SYSCALL : PTRACE_CONT;
		break;
	case PTRACE_EVENT_EXEC:
		request = executed(tid, (int)message(tid)) ? PTRACE_CONT : PTRACE_DETACH;
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		task_known((int)message(tid));
		break;
	case PTRACE_EVENT_STOP:
		request = is_stop_signal(signal) ? PTRACE_LISTEN : PTRACE_CONT;
		break;
	default:
		if (signal == (SIGTRAP | 0x80) && task)
			task_leaves(task);
		else if (signal != (SIGTRAP | 0x80))
			deliver = signal;
	}
	ptrace(request, tid, 0, deliver);
}

static void ended(const siginfo_t *info)
{
	struct task *task = task_find(info->si_pid);
	int is_exit = info->si_code == CLD_EXITED;
	char note[sizeof((struct record_note *)0)->text];

	if (!task)
		return;
	if (task->image && task->tid == task->image->pid && !task->image->ended) {
		const char *name = is_exit ? NULL : signal_name((unsigned)info->si_status);
		if (is_exit)
			snprintf(note, sizeof note, "exited with %d", info->si_status);
		else
			snprintf(note, sizeof note, "killed by %s", name ? name : "a signal");
		image_note(task->image, task->tid, note);
		image_end(task->image, is_exit ? RECORD_EXITED : RECORD_SIGNALLED, info->si_status);
	}
	task_remove(task);
}

void loop(int tid, int later_image, const char *path)
{
	siginfo_t info;
	int status;

	first.later_image = later_image;
	first.path = path;
	task_add(tid, NULL);
	/* NB order: whoever waits for the end of one of them is told when we have waited for it, and by then its file is whole. */
	while (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) == 0 || errno == EINTR) {
		int is_end = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
		if (is_end)
			ended(&info);
		if (waitpid(info.si_pid, &status, __WALL) == info.si_pid && WIFSTOPPED(status))
			stopped(info.si_pid, status);
	}
}
