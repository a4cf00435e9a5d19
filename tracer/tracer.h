/* sysshim-tracer: follows a program that cannot load libsysshim.so by ptrace, for the calls alone that name files, and writes recordings as
 * the shim does. What its files share. */
#ifndef TRACER_TRACER_H
#define TRACER_TRACER_H

#include "../format/text.h"
#include "../include/sysshim/record.h"

#include <linux/filter.h>
#include <sys/types.h>
#include <uthash.h>

/* calls.c: which calls come to us, and the filter that sends them. `spec`: of SYSSHIM_TRACE, or NULL. */
enum { FILTER_MOST = 1024 };
enum call_table { CALLS_64, CALLS_32 }; /* whose number it is: what the filter hands on with the stop */
extern uint64_t calls_wanted[SYSCALL_LIMIT / 64];
void calls_choose(const char *spec);
unsigned calls_filter(struct sock_filter filter[FILTER_MOST]);
/* The number here of one of i386; -1: none. */
int calls_from_32(unsigned number);

/* image.c: the file of a program that a process runs. */
struct image {
	int pid, file; /* file -1: none could be made */
	unsigned tasks; /* threads that hold it */
	int ended;
	uint32_t serials;
	uint64_t sequence; /* of the chunk that is being filled */
	uint32_t used;     /* bytes of it */
	struct image_count {
		uint64_t calls, errors, nanoseconds;
	} counts[SYSCALL_LIMIT];
	struct record_header header;
};
/* The folder of the recording and its first process; -errno. */
int image_start(const char *folder, int recording_pid);
struct image *image_new(int pid, int parent, int later_image, const struct image *forked_from);
/* One that a record takes the place of: `size` bytes, the first word left for us. */
void image_record(struct image *image, struct record_word *record, size_t size, unsigned kind, unsigned flags);
void image_note(struct image *image, int thread, const char *text);
void image_end(struct image *image, enum record_end end, int status);
void image_release(struct image *image);
uint64_t clock_now(void);

/* proc.c: what /proc says of a process. Texts have their NUL; empty: not known. */
int proc_ids(int tid, int *process, int *parent); /* 0: gone */
void proc_directory(int pid, char *to, size_t size);
size_t proc_arguments(int pid, char *to, size_t size);
void proc_program(int pid, char *to, size_t size);
int proc_is_without_rights(int pid); /* its file is set-user-id or set-group-id, and that had no effect */
long proc_memory(int tid, void *to, uint64_t from, size_t size);

/* inject.c: in a program that has just been executed and stands at its first instruction, installs the filter. 0, or -errno: it is as it
 * was, or gone (-ESRCH). */
int inject_filter(int tid);

/* task.c: a thread, and the call that it is in. */
struct task {
	int tid;
	struct image *image; /* NULL: the thread that is about to execute what is to be followed */
	int in_call;
	uint32_t serial; /* of an exec's BEGIN */
	uint64_t began;
	unsigned printed;
	struct text_call call;
	struct text_memory memory;
	size_t kept; /* bytes of `pieces` */
	struct record_memory *last, *before; /* the last two of them, which cut may shorten; NULL: it found no place */
	UT_hash_handle hh;
	char pieces[20 << 10] __attribute__((aligned(8)));
};
struct task *task_find(int tid);
struct task *task_add(int tid, struct image *image);
/* A thread that came by fork or clone; NULL: it is gone already. */
struct task *task_known(int tid);
void task_remove(struct task *task);
/* It stands before a call, and behind it. */
void task_enters(struct task *task, enum call_table table);
void task_leaves(struct task *task);

/* loop.c: from the exec of `tid`, which is attached, until nobody is left. path: what it executes, where no recording says so yet, or NULL. */
void loop(int tid, int later_image, const char *path);

#endif
