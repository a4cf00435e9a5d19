/* Floor 1: what we know of the process we live in.
 *
 * Two places, by what a fork must do to them. `struct process` lies in memory that reads zero in a forked child, however the fork was
 * made (MADV_WIPEONFORK), so that no child ever prints its parent's counters or holds its parent's lock: alive == 0 tells a child that
 * it has just been born. `struct inherited` stays as it is: settings, identity of the recording, what the parent's signals look like.
 *
 * A vfork child (posix_spawn, system) runs in its parent's memory under another pid: while `suspect` is set, whatever changes the state of
 * the process first asks the kernel who it is (process_is_ours). Counting and logging go on: the numbers are the parent's then. */
#ifndef SHIM_RECORD_PROCESS_H
#define SHIM_RECORD_PROCESS_H

#include "../sys/lock.h"
#include "../sys/settings.h"
#include "counters.h"
#include "log.h"
#include "sink.h"

struct files; /* files.h */
struct shard; /* shards.h */

/* Memory that an exec under way took; a vfork child's stays in its parent when the exec succeeds. Each thread may have such a child at the same time. */
struct exec_copy {
	void *at;      /* NULL: not yet, or given back */
	int32_t owner; /* pid; 0: free; < 0: for a moment, while it is given back */
};
enum { EXEC_COPIES = 128 };

/* By number. QUICK_NO is zero, so a wiped process has no quick call. */
enum quick {
	QUICK_NO,
	QUICK_APPEND, /* a write while batches are made: it may be gathered */
	QUICK_RECORD, /* goes into a recording as it is, and concerns us no further */
	QUICK_PLAIN,  /* the same, of one that is nothing but its numbers (record/plain.h) */
	QUICK_FOLLOW, /* what it does to a descriptor matters to an audit, which does not record it */
	/* Neither the log nor the time is wanted: */
	QUICK_WRITE,  /* a write while none are made: small ones in a row are looked for */
	QUICK_COUNT,
	QUICK_BYTES /* a result > 0 counts bytes */
};

/* Why there may be others in our memory: threads, now or once; a vfork child, for whose time we sleep. */
enum { THREADS_MORE = 1, THREADS_BORROWED = 2 };

/* By who may be another one than this process: a vfork child has installed a filter, for itself, and nobody asks who he is until it has gone. */
enum { SEALED = 1, SEALED_BY_CHILD };

/* process.learned. Many processes end before they have made as many calls as learning takes time. */
enum { LEARN_AFTER = 32, LEARNED = 1 << 30 };

enum { SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS }; /* shards.h */

struct process {
	uint32_t alive;     /* 0: a forked child that nobody has seen yet */
	int32_t pid;
	uint32_t threads;   /* THREADS_*; not 0: counters need atomic additions */
	uint32_t suspect;   /* vfork-like children that may be running in our memory */
	uint32_t printed;   /* the summary stands on stderr */
	uint32_t ended;     /* the summary was given */
	uint32_t sealed;    /* a seccomp filter of the program: no private call any more; SEALED, SEALED_BY_CHILD, or 0 */
	int32_t sealer;     /* the child of SEALED_BY_CHILD */
	uint64_t born;      /* clock_monotonic */
	uint32_t run;       /* small writes in a row to run_fd: what coalesce.c looks for */
	uint32_t learned;   /* LEARNED: quick is filled; else slow calls so far */
	uint8_t quick[SYSCALL_LIMIT]; /* enum quick: what the gate may do without looking further */
	struct shard *shards; /* shards.h; NULL: none */
	uint8_t shard_used[SHARDS];
	struct tally tally;
	int32_t run_fd;
	uint32_t gathered;  /* armed, now or before: `batch` may hold something */
	uint32_t watching;  /* dispatch stood and may stand again: calls of foreign code come to the gate */
	uint32_t run_bytes, run_page; /* of the row; how much of a pipe's last page it uses where the pipe was empty before */
	struct batches batches;
	uint64_t stats_published; /* file offset of a summary given ahead (exec, vfork) that may have to be taken back, + 1; 0: none */
	struct lock end_lock;
	struct lock signal_lock;
	struct lock mapping_lock;
	struct files *files;
	struct log log;
	struct sink stats;
	struct exec_copy copies[EXEC_COPIES + 1]; /* the last one: exec.c's spare memory */
	struct counter counters[SYSCALL_LIMIT]; /* of threads what was gathered; the last one: numbers out of range. NB behind what nearly every process touches: each page costs a forked child a fault */
	char text[32768];   /* where the summary is composed */
};

/* Shared by a process and its forked children, lost at exec: what the first one's summary tells about the others. */
struct family {
	uint64_t number;          /* no other image of the recording has it */
	uint32_t forks;           /* processes born by fork, vfork, clone */
	uint32_t images;          /* execs that were tried and did not fail */
	uint32_t unrecorded;      /* forked children that could make no recording */
	uint32_t not_followed[3]; /* execs into something that cannot load us, by enum unfollowed */
};

enum unfollowed {
	UNFOLLOWED_STATIC,
	UNFOLLOWED_SETUID,
	UNFOLLOWED_FOREIGN, /* another word size or processor */
	UNFOLLOWED_GO,      /* it can load us and makes its calls without libc: only told where a tracer is at hand, and not counted */
	UNFOLLOWED_ASAN = 256 /* and more: it can load us behind libasan.so.N, N more than this; not counted */
};

struct inherited {
	int32_t recording_pid;   /* the first process of the recording */
	uint64_t recording_time; /* nanoseconds since the epoch at its start */
	uint8_t is_first;        /* this is the first process: its number may come again, or be another's in another namespace */
	uint64_t log_again, stats_again; /* by which other name the file is called, where its own was taken: sink_open */
	uint8_t later_image;     /* this process ran another program with us before this one (exec) */
	uint8_t is_forked;       /* this process was forked by one with us, and has executed nothing since */
	uint8_t birth_known;     /* descriptor 2 was open at birth */
	uint64_t birth_device, birth_inode, birth_type; /* and this is the file it was */
	uint32_t sites_rewritten, sites_left; /* of those that were wanted, in libc and ld.so */
	uint32_t foreign_rewritten, foreign_left; /* in other objects; the second may hold byte pairs that are no site */
	uint8_t rewriting;       /* libc's sites lead to the gate */
	uint8_t sealed;          /* a seccomp filter of the program stands: forked children may make no private call either */
	uint8_t no_batches;      /* enum let_go: why nothing can be gathered in any process of this program */
	uint8_t out_of_reach;    /* our file was, when that filter was installed: what is executed behind it is not to look for us */
	uint8_t restricted;      /* Landlock may forbid to open what may be read by its mode */
	uint8_t shares_descriptors; /* a process that is no thread of ours has our table of them, or had */
	uint8_t vforks;          /* that the only thread is in: a child that a handler forks meanwhile comes back into them */
	uint8_t answers_opens;   /* here, or in who forked this process: who opens a file may have to wait until we have said yes (fanotify(7)), we as well */
	uint8_t has_valgrind;    /* it runs this program */
	uint8_t threads_unseen;  /* this libc has no room for us at its place for calls that threads may be cancelled in */
	uint8_t has_go;          /* it has Go code, whose runtime makes its calls without libc */
	const char *why_not;     /* why there is no rewriting, for the coverage line; static */
	const char *no_recording; /* why the state folder has none, static; NULL: it has one, or none was wanted there */
	char program[256];       /* base name of the executable */
	char arguments[1024];    /* its command line at birth, each with its NUL; cut where it is longer */
	uint32_t arguments_size;
	char environment[1024];  /* of its birth, as far as a recording keeps it, each entry with its NUL */
	uint32_t environment_size;
	void (*before_children)(void); /* of a process that forks again; NULL: nothing is to be done, or it is done */
	void (*undo_rewriting)(void); /* libc's own text again; NULL: it is */
	void (*mapped)(struct process *p, const struct call *call, long at); /* after an mmap of code; NULL: nobody asks */
	uint64_t (*came)(uint64_t held); /* signals_came (signals.c) */
	struct family *family;   /* or NULL */
	void *staging_at;        /* where the parent's recording, or our own, is stored into; NULL: there is none */
	struct record_total *total; /* of the recording, shared by all its processes; or NULL */
};

extern struct process *process; /* NULL until the constructor has run, and for ever when we are passive */
extern struct inherited inherited;

/* Where a call of the program is counted: numbers out of range have the last place. */
static inline uint32_t call_slot(const struct call *call)
{
	uint32_t number = (uint32_t)call->number;

	return number < SYSCALL_LIMIT ? number : SYSCALL_LIMIT - 1;
}

static inline int process_is_first(const struct process *p)
{
	return inherited.is_first && p->pid == inherited.recording_pid;
}

/* A row of small writes is over. NB: threads have this cache line in common, so nobody writes into it what stands there. */
static inline void process_ends_row(struct process *p)
{
	if (p->run)
		p->run = 0;
}

/* Nobody else is in our memory: no thread, now or once, and no vfork child. Any context. */
static inline int process_is_alone(const struct process *p)
{
	return !p->threads && !p->suspect;
}

/* Is the caller this process itself, and not a vfork child that has borrowed its memory? Any context. */
static inline int process_is_ours(const struct process *p)
{
	if (!p->suspect)
		return 1;
	return p->sealed ? p->sealed == SEALED : RAW(__NR_getpid) == p->pid;
}

/* Around a read or write of our own in the life of a process: the result. */
static inline long own_read(long result)
{
	if (process && process_is_ours(process))
		counter_add(&process->tally.own_reads, 1, 1);
	return result;
}

static inline long own_write(long result)
{
	if (process && process_is_ours(process))
		counter_add(&process->tally.own_writes, 1, 1);
	return result;
}

/* As whom this thread takes a lock, so that one of a vfork child that was killed can be told from the others. */
static inline uint32_t process_lock_name(const struct process *p)
{
	return p->suspect ? (uint32_t)RAW(__NR_getpid) : LOCK_OURS;
}

/* Signals are blocked, and will not be when `mask` is in force again: those that have come meanwhile, as signals_came has them. Who has other threads is asked only where
 * he is the first, which the kernel prefers (kernel/signal.c, complete_signal): of another what is pending may be somebody else's. Under a filter nobody asks. */
static inline uint64_t process_held_back(const struct process *p, uint64_t mask)
{
	uint64_t held = !p->sealed && !filtered_at_start && (process_is_alone(p) || RAW(__NR_gettid) == p->pid) ? signals_held_back(mask) : 0;

	return unlikely(held) ? inherited.came(held) : 0;
}

/* One of the process's locks: 1, or 0. Any context; to be given back by lock_release. */
static inline int process_lock(const struct process *p, struct lock *lock, uint64_t *mask)
{
	return p->sealed ? lock_take_sealed(lock, mask) : lock_take(lock, mask, process_lock_name(p));
}

/* Gives it back before a call that may wait: *came gets what was held back. NULL: it is not asked. */
static inline void process_release_before(const struct process *p, struct lock *lock, const uint64_t *mask, uint64_t *came)
{
	if (came)
		*came |= process_held_back(p, *mask);
	lock_release(lock, mask);
}

#endif
