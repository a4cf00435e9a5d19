/* Threads, and the records of their calls. A call is looked at twice: before it, when its path is what the kernel is about to read, and behind it,
 * for the result. */
#include "tracer.h"

#include <asm/unistd.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

enum { LINE = 36864, RESTART_FIRST = 512, RESTART_LAST = 516 /* linux/errno.h: not for the program's eyes */ };

static struct task *tasks;

struct task *task_find(int tid)
{
	struct task *task;

	HASH_FIND_INT(tasks, &tid, task);
	return task;
}

struct task *task_add(int tid, struct image *image)
{
	struct task *task = calloc(1, sizeof *task);

	if (!task)
		return NULL;
	task->tid = tid;
	task->image = image;
	if (image)
		image->tasks++;
	HASH_ADD_INT(tasks, tid, task);
	return task;
}

void task_remove(struct task *task)
{
	HASH_DEL(tasks, task);
	image_release(task->image);
	free(task);
}

struct task *task_known(int tid)
{
	struct task *task = task_find(tid), *leader;
	int process, parent;

	if (task || !proc_ids(tid, &process, &parent))
		return task;
	if (process != tid) {
		leader = task_find(process);
		return leader && leader->image ? task_add(tid, leader->image) : NULL;
	}
	leader = task_find(parent);
	struct image *image = image_new(tid, parent, 0, leader ? leader->image : NULL);
	return image ? task_add(tid, image) : NULL;
}

static int is_exec(uint64_t number)
{
	return number == __NR_execve || number == __NR_execveat;
}

/* The printers of format/ ask for what they need of the program's memory, and what they were given is kept (as shim/record/recording.c). */
static long read_and_keep(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	struct task *task = (struct task *)((char *)self - offsetof(struct task, memory));
	long got = proc_memory(task->tid, to, from, size);
	size_t bytes = got > 0 ? (size_t)got : 0, padded = (bytes + 7) & ~(size_t)7;
	char *at = task->pieces + task->kept;

	task->before = task->last;
	task->last = NULL;
	if (sizeof task->pieces - task->kept < sizeof(struct record_memory) + padded)
		return got;
	task->last = (struct record_memory *)at;
	*task->last = (struct record_memory){from, (uint32_t)size, (int32_t)got};
	memcpy(at + sizeof(struct record_memory), to, bytes);
	memset(at + sizeof(struct record_memory) + bytes, 0, padded - bytes);
	task->kept += sizeof(struct record_memory) + padded;
	return got;
}

/* 0: nothing of it is left. */
static int shorten(struct task *task, struct record_memory *piece, uint64_t from)
{
	task->kept = (size_t)((char *)piece - task->pieces);
	if (from <= piece->address)
		return 0;
	if (piece->got > 0 && from - piece->address < (uint64_t)piece->got)
		piece->got = (int32_t)(from - piece->address);
	size_t bytes = piece->got > 0 ? (size_t)piece->got : 0, padded = (bytes + 7) & ~(size_t)7;
	memset((char *)(piece + 1) + bytes, 0, padded - bytes);
	task->kept += sizeof *piece + padded;
	return 1;
}

/* Nothing behind a path's or an argument's end is kept (as shim/record/recording.c). */
static void cut(const struct text_memory *self, uint64_t from)
{
	struct task *task = (struct task *)((char *)self - offsetof(struct task, memory));

	if (task->last && !shorten(task, task->last, from)) {
		task->last = NULL;
		if (task->before)
			shorten(task, task->before, from);
	}
}

static void count(struct image_count *c, const struct record_call *call)
{
	c->calls++;
	c->errors += (uint64_t)is_failure(call->result);
	c->nanoseconds += call->duration;
}

static void put(struct task *task, uint64_t now, unsigned kind, unsigned flags)
{
	static struct {
		struct record_call call;
		char rest[sizeof task->pieces + 8 * 8];
	} record;
	const struct syscall_row *row = syscall_row(task->call.number);
	struct record_call *call = &record.call;
	unsigned arguments = 0;

	*call = (struct record_call){.number = (uint16_t)task->call.number, .thread = task->tid, .serial = task->serial, .began = task->began};
	for (; arguments < 6 && row && row->kinds[arguments] != ARG_NONE; arguments++)
		call->arguments[arguments] = task->call.arguments[arguments];
	call->arguments_count = (uint8_t)arguments;
	call->duration = now > task->began ? now - task->began : 0;
	call->result = kind == RECORD_CALL ? task->call.result : 0;
	memcpy(&call->arguments[arguments], task->pieces, task->kept);
	if (kind == RECORD_CALL)
		count(&task->image->counts[task->call.number], call);
	image_record(task->image, &call->word, sizeof *call + arguments * 8 + task->kept, kind, flags | (task->kept ? RECORD_MEMORY : 0));
}

static struct text scratch(void)
{
	static char line[LINE];

	return (struct text){line, line + sizeof line, 0};
}

void task_enters(struct task *task, enum call_table table)
{
	struct user_regs_struct r;
	struct text out = scratch();

	task->in_call = 0;
	if (ptrace(PTRACE_GETREGS, task->tid, 0, &r) != 0)
		return;
	task->call = (struct text_call){r.orig_rax, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}, 0};
	if (table == CALLS_32) {
		uint64_t here = (uint64_t)calls_from_32((unsigned)r.orig_rax);
		task->call = (struct text_call){here, {(uint32_t)r.rbx, (uint32_t)r.rcx, (uint32_t)r.rdx, (uint32_t)r.rsi, (uint32_t)r.rdi, (uint32_t)r.rbp}, 0};
		/* Arrays of shorter addresses, which nobody reads. */
		if (here == __NR_execve)
			task->call.arguments[1] = task->call.arguments[2] = 0;
	}
	if (task->call.number >= RECORD_CALLS - 1)
		return;
	task->in_call = 1;
	task->serial = 0;
	task->kept = 0;
	task->memory.read = read_and_keep;
	task->memory.cut = cut;
	task->last = task->before = NULL;
	task->began = clock_now();
	task->printed = text_call_enter(&out, &task->call, &task->memory);
	if (!is_exec(task->call.number))
		return;
	task->serial = ++task->image->serials;
	put(task, 0, RECORD_BEGIN, 0);
}

void task_leaves(struct task *task)
{
	struct user_regs_struct r;
	struct text out = scratch();
	uint64_t now = clock_now();

	if (!task->in_call || ptrace(PTRACE_GETREGS, task->tid, 0, &r) != 0)
		return;
	task->in_call = 0;
	task->call.result = r.cs == 0x23 ? (int32_t)r.rax : (int64_t)r.rax;
	/* A signal came first: the call is made anew, and then comes here anew, or it has failed. */
	if (task->call.result <= -RESTART_FIRST && task->call.result >= -RESTART_LAST)
		task->call.result = -EINTR;
	text_call_leave(&out, &task->call, task->printed, &task->memory);
	put(task, now, RECORD_CALL, task->serial ? RECORD_RESUMED : 0);
}
