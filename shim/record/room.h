/* Floor 1: room for records in the file of a recording: reserve, fill, commit.
 *
 * The file is a sink (sink.h) whose first chunks are stored into directly. A record takes no lock: its room is reserved by one
 * compare-and-exchange on `next`, and its first word is stored last, so what stands there survives SIGKILL. What could raise SIGBUS never
 * stands in front of `ready`: the file is lengthened by truncate(2) and its pages made by MADV_POPULATE_WRITE, which finds a full disk
 * before anybody stores. Full chunks are written or copied to where they stay by the kernel, which says so where it cannot: these few pages, always the
 * same, are all that is ever touched. Only where new room is needed is a lock taken.
 *
 * On a file system that copies on write (btrfs, bcachefs, f2fs, and overlayfs, which may lie on one) that is not enough: it takes new space for a page that
 * was written back, and where there is none the store raises SIGBUS. There records are stored into memory of our own, and the kernel copies them: in a process of one
 * thread each that may be the last for a while, and others after a millisecond; else each.
 *
 * At RECORD_KEPT full ones the oldest chunk is overwritten; where the disk is full, the oldest of the few. */
#ifndef SHIM_RECORD_ROOM_H
#define SHIM_RECORD_ROOM_H

#include "process.h"

/* Room of `size` bytes, a multiple of 8, all zero but its first word; NULL: there is none, which is counted. To be committed soon: a chunk
 * is used again only when all of it is. Any context. */
void *room_take(struct process *p, size_t size);
/* The same for the beginning of a call that waits: *came gets the signals that came while room was made (process_release_before). */
void *room_take_before(struct process *p, size_t size, uint64_t *came);
/* Gives back what is behind the first `used` bytes, 0: all of it; that is zero. Then the rest is to be committed. */
void room_return(struct process *p, void *record, size_t size, size_t used);
/* kind: enum record_kind; flags: enum record_flags */
void room_commit(struct process *p, void *record, size_t size, unsigned kind, unsigned flags);

/* What stands for the file's first byte. NB order: it is read before any offset is: a child that a handler forks in between has another one, and a shorter file, and what it comes back to
 * stands where its parent's is (room_forked). */
static inline char *room_base(const struct process *p)
{
	return *(char *const volatile *)&p->log.recording.store;
}

/* File offset `offset` in memory: of the header, or of a record. */
void *room_place(const struct process *p, uint64_t offset);
/* And back. */
uint64_t room_offset(const struct process *p, const void *record);

/* In a forked child, before anything is mapped: its parent's window is not in its memory. Where the parent's records are begun there is something
 * for the one that a handler may have interrupted to fork, and that is ended here. */
void room_forked(void);

/* The first chunk of a new file; 0 or -ENOSPC. And how far the file will ever reach. */
int room_open(struct process *p);
uint64_t room_window(void);
/* As sink_narrow. */
void room_narrow(struct process *p, unsigned resource);
/* Before rights are lost: what may be filled later is made ready. keeps: full chunks may still be copied then. */
void room_reserve(struct process *p, int keeps);
/* At the end: the file is as long as what it holds. */
void room_trim(struct process *p);

/* Asks on what file system the recording lies, and how much of what is free there it may take: one that nobody has named a place for a ROOM_PART_OF_FREE-th. path: of a
 * file or folder there. */
enum { ROOM_PART_OF_FREE = 16 };
void room_look(struct process *p, const char *path);
/* A record is whole where the window is not stored into. */
void room_committed(struct process *p, const void *record, size_t size, unsigned kind);
/* A record was changed that stands already. */
void room_stored(struct process *p, const void *record, size_t size);
/* The header and all that stands. Where the window is stored into it is there already. */
void room_copy_all(struct process *p);

/* Copies to where nobody has stored yet: 1, or 0. Where the kernel may not be asked to copy, the pages are made before we store. */
int room_copy(void *to, const void *from, size_t size);

/* Of a place for a record, which is never a chunk's first byte: at its end a full chunk is still that chunk. */
static inline uint64_t room_chunk_of(uint64_t next)
{
	return next - 1 - (next - 1 - RECORD_DATA) % RECORD_CHUNK;
}

/* alone: a signal's handler can only come between two instructions, so they need no bus lock (Intel SDM volume 3, 8.1.2). */
static inline int room_exchange(uint64_t *at, uint64_t *expected, uint64_t wanted, int alone)
{
#ifdef __x86_64__
	if (alone) {
		uint8_t done;
		__asm__ volatile("cmpxchgq %3, %1" : "+a"(*expected), "+m"(*at), "=@cce"(done) : "r"(wanted) : "memory");
		return done;
	}
#else
	(void)alone;
#endif
	return __atomic_compare_exchange_n(at, expected, wanted, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* A reader knows from here on how long the record will be. */
static inline void *room_begin(void *record, size_t size)
{
	__atomic_store_n((uint32_t *)record, (uint32_t)(size / 8), __ATOMIC_RELAXED);
	return record;
}

union room_first {
	struct record_word word;
	uint32_t whole;
};

static inline uint32_t room_word(size_t size, unsigned kind, unsigned flags)
{
	const union room_first first = {{(uint16_t)(size / 8), (uint8_t)kind, (uint8_t)flags}};

	return first.whole;
}

/* As room_take and room_commit, which are these out of line: the first where there is room already, else NULL. */
static inline void *room_take_at_once(struct process *p, size_t size)
{
	struct recording *r = &p->log.recording;
	char *base = room_base(p);
	uint64_t next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);

	while (likely(r->staging) && likely(next + size <= room_chunk_of(next) + RECORD_CHUNK) && likely(next + size <= __atomic_load_n(&r->ready, __ATOMIC_ACQUIRE))) {
		if (likely(room_exchange(&r->next, &next, next + size, process_is_alone(p))))
			return room_begin(base + next, size);
		base = room_base(p);
	}
	return NULL;
}

static inline void room_commit_at_once(struct process *p, void *record, size_t size, unsigned kind, unsigned flags)
{
	/* NB: the record that such a child commits stands where its parent's was (room_forked), and is nobody's. */
	__atomic_store_n((uint32_t *)record, room_word(size, kind, flags), __ATOMIC_RELEASE);
	if (unlikely(p->log.recording.is_copied))
		room_committed(p, record, size, kind);
}

#endif
