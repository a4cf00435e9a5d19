/* Floor 2: the one buffer of a process, for one descriptor at a time.
 *
 * Invariant: batch_bytes[0 .. fill) are `writes` whole writes that the program made to `fd` by calls of `number`, in their order, and that the
 * kernel has not seen. word = fill | writes << 20 | generation << 40 changes by one instruction; a flush raises the generation. So whoever
 * copies behind the fill and finds the word changed has been interrupted by a handler that flushed, and begins anew.
 *
 * Only a process with one thread has anything here, so "any context" means that thread and its signal handlers. The memory reads zero
 * in a forked child (fill 0, nothing buffered), and so do the bytes. */
#ifndef SHIM_BATCH_BATCH_H
#define SHIM_BATCH_BATCH_H

#include "../record/process.h"
#include "../sys/copy.h"

enum { BATCH_SMALL = 2048 /* larger writes are not copied */, BATCH_PIPE = 4096 /* PIPE_BUF: one free slot holds it */, SOURCE_PAGES = 16, BATCH_SCRATCH = 4096 };

enum target {
	TARGET_NEVER,
	TARGET_FILE,
	TARGET_PIPE
};

enum { ATTEMPTS_MOST = 12 };

struct batch {
	uint64_t word;
	uint64_t copying;        /* the stack of whoever copies now; 0: nobody does */
	uint32_t limit;          /* of this batch; 0: it is being written */
	int32_t fd;
	uint32_t number;         /* __NR_write or __NR_writev: a batch holds one kind, so that each is counted exactly */
	uint8_t target;          /* of fd */
	uint8_t off;             /* enum let_go: over for this process */

	/* what a flush could not write: batch_bytes[0 .. kept) belong at `kept_offset` of fd (T5) */
	uint32_t kept;
	int32_t kept_error;
	int64_t kept_offset;
	uint64_t kept_device, kept_inode; /* fd may be closed by a call that nobody sees, and mean another file */
	uint8_t kept_told;       /* the error has been reported */

	/* policy.c: who may be dirty next */
	int32_t candidate;       /* the descriptor whose next small write may begin a batch, + 1; 0: none */
	int32_t known_fd;        /* + 1: `known` is what this descriptor is */
	uint8_t known;
	int32_t probed_fd;       /* + 1: a pipe that took RWF_NOWAIT */
	int32_t page_fd;         /* + 1: a pipe that only this process has written to since it was empty */
	uint32_t page_used;      /* how much of its last page is used then */
	int32_t regular_fd;      /* + 1: reading it does not wait */
	uint32_t room_asked;     /* batches since free space was asked */
	uint32_t bad, penalty, cool;
	uint64_t sources[SOURCE_PAGES]; /* pages that could be read in this burst */

	/* arm.c */
	uint8_t armed;
	uint8_t looked_away;     /* the selector was ALLOW for an instruction: beliefs are to be asked anew */
	uint64_t held;           /* signals that came while it was last let go of (interrupted.h); arm.c */
	uint64_t away_flags;     /* of the foreign vfork that was the instruction; 0: it was none */
	uint8_t attempts;        /* arming failed or did not pay so often; at most ATTEMPTS_MOST */
	uint32_t idle;           /* gate entries since the last batch */
	uint32_t traps;          /* calls of foreign code since arming */
	uint64_t traps_writes;   /* batches' writes then */

	/* latency.c */
	int32_t timer;
	uint8_t timer_on;
	uint8_t clean_ticks;
	uint32_t tick_generation;

	/* mappings.c: inodes that this process maps */
	uint32_t inodes;
	uint64_t inode[256];
	uint8_t inode_use[256];  /* enum use */
};

extern struct batch *batch; /* NULL: this process never coalesces */
extern char *batch_bytes;   /* settings.buffer bytes and more, and BATCH_SCRATCH */

#define WORD_FILL 0xfffffu
#define WORD_WRITE (1ull << 20)
#define WORD_GENERATION (1ull << 40)

static inline uint32_t word_fill(uint64_t word)
{
	return (uint32_t)word & WORD_FILL;
}

static inline uint32_t word_writes(uint64_t word)
{
	return (uint32_t)(word >> 20) & WORD_FILL;
}

static inline uint32_t word_generation(uint64_t word)
{
	return (uint32_t)(word >> 40);
}

static inline int source_is_known(const struct batch *b, const void *from, size_t size)
{
	uint64_t first = (uint64_t)from >> 12, last = ((uint64_t)from + size - 1) >> 12;

	return b->sources[first % SOURCE_PAGES] == first && b->sources[last % SOURCE_PAGES] == last;
}

/* NB order: before anything of the batch is looked at. */
static inline uint64_t batch_word(const struct batch *b)
{
	uint64_t word = b->word;

	__asm__ volatile("" ::: "memory");
	return word;
}

/* Whoever was interrupted on the way to a batch's first write does not make it. NB: by one instruction, which keeps what somebody else has gathered since the look: so much was lost. */
static inline void batch_renew(struct batch *b)
{
	uint64_t word = batch_word(b);

	if (!word_fill(word))
		word_exchange(&b->word, word, word + WORD_GENERATION);
}

/* Before a batch is begun or appended to: from here on nobody else does either, until batch_append has been. word: see batch_word; `stack` is the caller's stack
 * pointer. 0: somebody else is at it, or was meanwhile: threads of the program's own making go on here behind others' writes, without a call. */
static inline int batch_claim(struct batch *b, uint64_t word, const char *stack)
{
	if (!word_exchange(&b->copying, 0, (uint64_t)(uintptr_t)stack))
		return 0;
	__asm__ volatile("" ::: "memory");
	if (batch_word(b) == word)
		return 1;
	b->copying = 0;
	return 0;
}

/* Copies one write of 1 to BATCH_SMALL bytes behind what is there. 1: it is done for the program; 0: nothing happened. */
static inline int batch_append(struct batch *b, uint64_t word, const void *from, size_t size)
{
	/* NB order: the bytes before the word that says they are there. */
	int done = program_copy(batch_bytes + word_fill(word), from, size) == 0 && word_exchange(&b->word, word, word + size + WORD_WRITE);
	b->copying = 0;
	return done;
}

/* The same for a vector of `count` parts, `size` bytes together. */
struct part {
	const void *at;
	size_t size;
};
int batch_append_parts(struct batch *b, uint64_t word, const struct part *parts, unsigned count, size_t size);

/* Has this entry interrupted somebody who copies? */
static inline int batch_is_nested(const struct batch *b)
{
	return b->copying != 0;
}

/* A copier further down the stack than we are was left: jumped away from, as most are, or on another stack, as of threads of the program's own making, where it may go on at any time and
 * without a call: what has come behind the fill meanwhile it would write over. */
static inline int batch_is_left(struct batch *b, const char *stack)
{
	int left = b->copying && (uint64_t)(uintptr_t)stack >= b->copying;

	if (left)
		b->copying = 0;
	return left;
}

enum batch_wait {
	BATCH_MAY_WAIT, /* the program's own mask is in force: a full pipe is awaited, and a signal may kill meanwhile */
	BATCH_NO_WAIT   /* signals are blocked: what a full pipe does not take stays */
};

/* Hands what is buffered to the kernel as one write. `end`: enum batch_end or the number of a system call. Afterwards nothing is buffered,
 * unless a full pipe was not waited for. Signals are blocked around the write and its bookkeeping. Any context. */
void batch_flush(struct process *p, struct batch *b, unsigned end, enum batch_wait wait);
/* The same with signals blocked by the caller. 0; or -EAGAIN: a full pipe, the batch stays. */
int batch_flush_blocked(struct process *p, struct batch *b, unsigned end);

/* buffered + one large write in one writev; only for files. The result of the program's write, or -EAGAIN: nothing was done, make it
 * natively. Called when something is buffered for the write's descriptor; word: as for batch_claim. */
long batch_flush_with(struct process *p, struct batch *b, uint64_t word, const void *from, size_t size);

/* Tries again what an earlier flush could not write. Returns the error that still stands, or 0. is_write: for a call that is to have the signal of a limit as well. */
int batch_retry(struct process *p, struct batch *b, int is_write);

/* With the buffer's memory behind it, which a fork wipes: a child that a handler has forked in the midst of a copy ends it there. NULL: there is none. NB: at the start. Later it might come
 * to lie where the program has looked for room, which natively nobody takes before it maps something there (MAP_FIXED), or where a mapping of its own is to grow (MAP_GROWSDOWN). */
struct batch *batch_make(void);

/* BATCH_SCRATCH bytes for one answer of the kernel, which nobody keeps. */
void *batch_scratch(void);

/* A pipe joins a write to its last page while all of it fits (fs/pipe.c, pipe_write). A batch that took a new page before the last one is as full as
 * natively would let the pipe hold less than natively: a writer whom nobody reads would wait for ever. So a batch begins only where the last page is
 * known, and is no longer than what fits. `before` looks whether the pipe is empty, `after` counts. */
void pipe_before(struct batch *b, int fd);
void pipe_after(struct batch *b, int fd, uint32_t size);

void source_learn(struct batch *b, const void *from, size_t size);
void source_forget(struct batch *b);
/* source_is_known, or becomes so by asking the kernel. */
int source_check(struct batch *b, const void *from, size_t size);

/* target.c: what a descriptor is, asked of the kernel. */
enum target target_of(const struct batch *b, int fd);
int target_has_room(int fd); /* much free space, and no quota */
int target_is_local(int fd); /* not FUSE, NFS and the like, nor what may lie above them */

/* mappings.c. Reads /proc/self/maps into the list of inodes; LET_GO_NOT, or why this process cannot coalesce. `space` is scratch memory. */
enum let_go mappings_read(struct batch *b, char *space, size_t size);
/* A file is being mapped by the program. */
enum let_go mappings_add(struct batch *b, int fd, uint64_t protection, uint64_t flags);
int mappings_have(const struct batch *b, uint64_t inode);

#endif
