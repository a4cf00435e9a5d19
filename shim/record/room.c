/* Room for records; see room.h. */
#include "room.h"
#include "process.h"
#include "../../format/total.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/mman.h>
#ifndef MAP_FIXED_NOREPLACE /* Linux 4.17; before, the address is taken for a wish */
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#include "../sys/poison.h"

/* Shortening the file costs as much as making it: 20 us on ext4. */
enum { WORTH_TRIMMING = 2 * 4096 };

enum { PAGE = 4096, NOT_AGAIN = 256, PATIENCE = 64, LONG_ENOUGH = 1000000000 /* ns */, WORTH_WAITING = 50000000, BUSY = -1 };

enum { BCACHEFS = 0xca451a4e, UBIFS = 0x24051905, KEPT_IN_MEMORY = 32, COPY_EVERY = 1000000 /* ns */, FULL_TURNS = 1024 };

static int copies_on_write(const struct statfs *s)
{
	switch ((uint32_t)s->f_type) {
	case BTRFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case NILFS_SUPER_MAGIC:
	case (uint32_t)BCACHEFS:
	case UBIFS:
		return 1;
	default:
		return 0;
	}
}

static int lies_in_memory(const struct statfs *s)
{
	return s->f_type == TMPFS_MAGIC || s->f_type == RAMFS_MAGIC;
}

void room_look(struct process *p, const char *path)
{
	struct recording *r = &p->log.recording;
	struct statfs status;

	if (RAW(__NR_statfs, path, &status) != 0)
		return;
	r->in_memory = !settings.log_asked && lies_in_memory(&status);
	r->is_copied = (uint8_t)copies_on_write(&status);
}

/* File offset `offset` of the file itself. */
static void *file_place(const struct process *p, uint64_t offset)
{
	return p->log.sink.window + (offset - p->log.sink.base);
}

void *room_place(const struct process *p, uint64_t offset)
{
	return p->log.recording.store + offset;
}

uint64_t room_offset(const struct process *p, const void *record)
{
	return (uint64_t)((const char *)record - (const char *)room_place(p, 0));
}

static uint64_t chunk_place(uint64_t n)
{
	return RECORD_DATA + n * RECORD_CHUNK;
}

int room_copy(void *to, const void *from, size_t size)
{
	uint64_t page = (uint64_t)to & ~(uint64_t)(PAGE - 1);

	if (memory_is_stored_directly() && RAW(__NR_madvise, page, (uint64_t)to + size - page, MADV_POPULATE_WRITE) != 0)
		return 0;
	return memory_write(to, from, size) == (long)size;
}

/* The pages up to file offset `end` are there: 1, or 0. Before Linux 5.14 the kernel's own copy finds out whether they can be. */
static int make_ready(struct process *p, uint64_t end)
{
	struct recording *r = &p->log.recording;
	uint64_t from = r->ready & ~(uint64_t)(PAGE - 1);
	static const char zeros[64];

	if (p->sealed || p->log.sink.frozen || sink_lengthen(&p->log.sink, end))
		return 0;
	/* Of a file that is copied to only the first pages are asked for: a full disk is met by the copies. */
	long result = r->is_copied && r->ready ? 0 : RAW(__NR_madvise, file_place(p, from), end - from, MADV_POPULATE_WRITE);
	for (uint64_t at = r->ready; result == -EINVAL && at < end; at += PAGE - at % PAGE)
		if (!room_copy(file_place(p, at), zeros, 1))
			result = -EFAULT;
	if (result != 0 && result != -EINVAL) {
		/* What is kept stands behind. */
		if (!r->kept)
			sink_shorten(&p->log.sink, r->ready);
		return 0;
	}
	r->ready = end;
	return 1;
}

/* Where full chunks stay. */
enum { KEPT_AT_ONCE = 8, RESERVED = 256 /* where rights are given up: 8 MiB */ };

static uint64_t kept_place(uint64_t n)
{
	return chunk_place(RECORD_STAGING + n);
}

/* Of a page that may not be stored into: nearly as much, for another process may do the same just then. */
static void change_total(int64_t bytes)
{
	uint64_t now = inherited.total->bytes + (uint64_t)bytes;

	room_copy(&inherited.total->bytes, &now, sizeof now);
}

static int takes_chunk(const struct process *p, uint64_t most)
{
	const struct recording *r = &p->log.recording;

	if (!r->is_copied || !inherited.total)
		return total_takes_chunk(inherited.total, most);
	if (p->sealed || inherited.total->bytes + RECORD_CHUNK > most)
		return 0;
	change_total(RECORD_CHUNK);
	return 1;
}

static void gives_chunk(const struct process *p)
{
	const struct recording *r = &p->log.recording;

	if (!r->is_copied || !inherited.total)
		total_gives_chunk(inherited.total);
	else if (!p->sealed)
		change_total(-RECORD_CHUNK);
}

/* A full btrfs looks for space for most of a millisecond before it refuses a page: what was refused is asked again now and then. No clock is looked at: these frames stand on
 * the program's stack. */
static inline int copy_if_room(struct process *p, void *to, const void *from, size_t size)
{
	struct recording *r = &p->log.recording;

	if (r->full && ++r->full % FULL_TURNS)
		return 0;
	int done = room_copy(to, from, size);
	r->full = !done;
	return done;
}

/* How many places stand there already. */
static uint64_t places_there(const struct process *p)
{
	const struct sink *sink = &p->log.sink;
	uint64_t there = sink->size > kept_place(0) ? (sink->size - kept_place(0)) / RECORD_CHUNK : 0;

	return there < p->log.recording.places ? there : p->log.recording.places;
}

/* The place is there, or is made: 0; -errno. */
static int make_place(struct process *p, uint64_t to)
{
	if (to + RECORD_CHUNK <= p->log.sink.size || !sink_lengthen(&p->log.sink, to + KEPT_AT_ONCE * RECORD_CHUNK))
		return 0;
	return sink_lengthen(&p->log.sink, to + RECORD_CHUNK);
}

/* The full chunk goes where it stays. */
static void keep(struct process *p, const struct record_chunk *chunk)
{
	struct recording *r = &p->log.recording;
	struct record_header *header = room_place(p, 0);
	static const struct record_chunk none;

	/* Its number says where: so the oldest is overwritten, in whichever order they come. */
	int fresh = chunk->sequence <= r->places, is_taken = fresh && !r->full;
	if (is_taken && !takes_chunk(p, r->in_memory ? KEPT_IN_MEMORY * 16u * RECORD_CHUNK : RECORD_TOTAL_BYTES)) {
		r->places = chunk->sequence - 1;
		fresh = is_taken = 0;
	}
	uint64_t to = kept_place(r->places ? (chunk->sequence - 1) % r->places : 0);
	int room = r->places && !p->sealed && !r->full, result = room ? make_place(p, to) : 0;
	/* Where the file grows no more for now (its path is out of reach, a limit stands) the oldest is overwritten. NB: of one that somebody has cut nothing is known to be there. */
	uint64_t there = result && result != -ESTALE ? places_there(p) : 0;
	if (there && chunk->sequence > there) {
		if (is_taken)
			gives_chunk(p);
		fresh = is_taken = 0;
		to = kept_place((chunk->sequence - 1) % there);
	} else if (result) {
		room = 0;
	}
	header->overwritten += fresh ? 0 : RECORD_CHUNK;
	if (room && (sink_write(&p->log.sink, to, chunk, RECORD_CHUNK) || room_copy(file_place(p, to), chunk, RECORD_CHUNK))) {
		r->kept = chunk->sequence > r->kept ? chunk->sequence : r->kept;
		return;
	}
	/* A part of it may stand there. */
	if (room)
		room_copy(file_place(p, to), &none, sizeof none);
	r->full |= r->is_copied;
	if (is_taken)
		gives_chunk(p);
	header->overwritten += fresh ? RECORD_CHUNK : 0;
}

static int copy_part(struct process *p, uint64_t from, uint64_t to)
{
	return from >= to || p->sealed || copy_if_room(p, file_place(p, from), room_place(p, from), to - from);
}

/* A whole chunk. NB order: what stood there before is never taken for a fresh one's; and who is killed keeps what stands there already. */
static void copy_chunk(struct process *p, uint64_t at, int is_fresh)
{
	struct recording *r = &p->log.recording;
	static const struct record_chunk none;
	uint64_t end = at + RECORD_CHUNK < r->ready ? at + RECORD_CHUNK : r->ready;

	if (p->sealed || (is_fresh && !copy_if_room(p, file_place(p, at), &none, sizeof none)))
		return;
	if (copy_part(p, at + sizeof none, end))
		copy_part(p, at, at + sizeof none);
}

/* What was stored since the last time: of one chunk. */
static void copy_news(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t from = __atomic_exchange_n(&r->news, 0, __ATOMIC_RELAXED), end = __atomic_load_n(&r->next, __ATOMIC_RELAXED);

	if (from && room_chunk_of(end) != room_chunk_of(from + 1))
		end = room_chunk_of(from + 1) + RECORD_CHUNK < r->ready ? room_chunk_of(from + 1) + RECORD_CHUNK : r->ready;
	if (from && !copy_part(p, from, end))
		counter_add(&p->tally.log_dropped, 1, 1);
	r->copied_at = clock_monotonic();
}

/* A record is whole. What may be the last for a while, and what others may write beside, is copied at once. */
static __attribute__((noinline)) void stored(struct process *p, uint64_t offset, size_t size, int at_once)
{
	struct recording *r = &p->log.recording;
	uint64_t news = r->news;

	/* Or a handler has begun another chunk while this record was made. */
	if (!process_is_alone(p) || (news && room_chunk_of(news + 1) != room_chunk_of(offset + 1))) {
		if (!copy_part(p, offset, offset + size))
			counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	/* NB order: what a handler stores in between stands behind. */
	if (!news || news > offset)
		r->news = offset;
	if (at_once || clock_from_to(r->copied_at, clock_monotonic()) > COPY_EVERY)
		copy_news(p);
}

void room_committed(struct process *p, const void *record, size_t size, unsigned kind)
{
	stored(p, room_offset(p, record), size, kind != RECORD_CALL && kind != RECORD_COALESCED && kind != RECORD_COUNTER);
}

void room_stored(struct process *p, const void *record, size_t size)
{
	if (unlikely(p->log.recording.is_copied))
		stored(p, room_offset(p, record), size, 0);
}

void room_copy_all(struct process *p)
{
	struct recording *r = &p->log.recording;

	if (!r->is_copied)
		return;
	for (unsigned i = 0; i < r->staging && chunk_place(i) < r->ready; i++)
		if (((struct record_chunk *)room_place(p, chunk_place(i)))->sequence)
			copy_chunk(p, chunk_place(i), 0);
	copy_part(p, 0, RECORD_DATA);
}

static unsigned index_of(uint64_t offset)
{
	return (unsigned)((offset - RECORD_DATA) / RECORD_CHUNK);
}

/* A full chunk that somebody still writes into is passed over. */
static int is_free(struct process *p, unsigned i)
{
	struct recording *r = &p->log.recording;

	return r->reserved[i] == __atomic_load_n(&r->committed[i], __ATOMIC_ACQUIRE);
}

/* For writers who never come back (a handler jumped away from them) nobody waits for ever. */
static int is_long_enough(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t now = clock_monotonic();

	if (!r->busy_since)
		r->busy_since = now;
	return clock_from_to(r->busy_since, now) > LONG_ENOUGH;
}

static void empty(struct process *p, struct record_chunk *chunk, uint64_t at)
{
	struct recording *r = &p->log.recording;

	if (chunk->sequence) {
		keep(p, chunk);
		__atomic_store_n(&chunk->sequence, 0, __ATOMIC_RELEASE);
		memset(chunk + 1, 0, (at + RECORD_CHUNK < r->ready ? at + RECORD_CHUNK : r->ready) - at - sizeof *chunk);
	}
	r->reserved[index_of(at)] = 0;
	__atomic_store_n(&r->committed[index_of(at)], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&chunk->sequence, ++r->sequence, __ATOMIC_RELEASE);
}

/* The next chunk to be filled, empty and numbered; 0: there is none. */
static uint64_t next_chunk(struct process *p, unsigned from)
{
	struct recording *r = &p->log.recording;
	unsigned i = from + 1;
	uint64_t at = chunk_place(i);

	if (i < r->staging && at >= r->ready && !make_ready(p, at + RECORD_CHUNK) && !make_ready(p, at + RECORDING_FIRST)) {
		if (i < 2)
			return 0;
		/* What is there is all that there will be. */
		r->staging = i;
	}
	for (i %= r->staging; i != from && !is_free(p, i); i = (i + 1) % r->staging)
		;
	if (i == from && !is_long_enough(p))
		return 0;
	if (i == from)
		i = (from + 1) % r->staging;
	r->busy_since = 0;
	at = chunk_place(i);
	empty(p, room_place(p, at), at);
	if (r->is_copied) {
		r->news = 0;
		copy_chunk(p, chunk_place(from), 0);
		copy_chunk(p, at, 1);
	}
	return at;
}

/* More room for a record that found none at `next`; 1: look again, 0: there is none, BUSY: all is being written into. Signals are blocked. */
static int more_room(struct process *p, uint64_t size)
{
	struct recording *r = &p->log.recording;
	uint64_t next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	uint64_t chunk = room_chunk_of(next), end = chunk + RECORD_CHUNK;

	if (next + size <= end && next + size <= r->ready)
		return 1;
	/* All of the chunk at once; where the disk has not so much, a little of it. */
	if (next + size <= end && (make_ready(p, end) || (next + size <= r->ready + RECORDING_FIRST && make_ready(p, r->ready + RECORDING_FIRST))))
		return 1;
	uint64_t fresh = next_chunk(p, index_of(chunk));
	/* Whoever has not come back for so long is not worth everybody's waiting. */
	if (!fresh)
		return r->busy_since && clock_from_to(r->busy_since, clock_monotonic()) < WORTH_WAITING ? BUSY : 0;
	/* Somebody's smaller record may still have found room meanwhile. */
	while (!__atomic_compare_exchange_n(&r->next, &next, fresh + sizeof(struct record_chunk), 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	r->reserved[index_of(chunk)] = (uint32_t)(next - chunk - sizeof(struct record_chunk));
	return 1;
}

/* Who writes may be many threads' turns away from a processor. */
static __attribute__((noinline)) void wait_a_while(int turn)
{
	if (turn < PATIENCE / 8)
		RAW(__NR_sched_yield);
	else
		lock_nap();
}

void *room_take_before(struct process *p, size_t size, uint64_t *came)
{
	struct recording *r = &p->log.recording;
	uint64_t mask;

	/* A child that was forked in a handler comes back into the middle of its parent's call. */
	if (!r->staging)
		return NULL;
	for (int turn = 0;; turn++) {
		void *record = room_take_at_once(p, size);
		int room = 0;
		if (record)
			return record;
		if (!r->refused || ++r->refused % NOT_AGAIN == 0) {
			int locked = process_lock(p, &r->lock, &mask);
			room = locked ? more_room(p, size) : 0;
			r->refused = room ? 0 : 1;
			if (locked)
				process_release_before(p, &r->lock, &mask, came);
		}
		/* Where nobody else is nobody fills it meanwhile. */
		if (room == BUSY && turn < PATIENCE && !p->sealed && !process_is_alone(p))
			wait_a_while(turn);
		else if (room <= 0)
			break;
	}
	counter_add(&p->tally.log_dropped, 1, 1);
	__atomic_store_n(&((struct record_header *)room_place(p, 0))->dropped, p->tally.log_dropped, __ATOMIC_RELAXED);
	return NULL;
}

void *room_take(struct process *p, size_t size)
{
	return room_take_before(p, size, NULL);
}

void room_return(struct process *p, void *record, size_t size, size_t used)
{
	struct recording *r = &p->log.recording;
	uint64_t at = room_offset(p, record), next = at + size;

	if (used == size)
		return;
	/* NB order: from the exchange on a handler's record may stand there, and the handler may not come back. */
	__atomic_store_n((uint32_t *)((char *)record + used), 0, __ATOMIC_RELAXED);
	if (used)
		__atomic_store_n((uint32_t *)record, (uint32_t)(used / 8), __ATOMIC_RELEASE);
	/* Somebody's record stands behind: a reader steps over what is left. */
	if (!room_exchange(&r->next, &next, at + used, process_is_alone(p)))
		room_commit(p, (char *)record + used, size - used, 0, 0);
}

void room_commit(struct process *p, void *record, size_t size, unsigned kind, unsigned flags)
{
	room_commit_at_once(p, record, size, kind, flags);
}

void room_reserve(struct process *p, int keeps)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, end = chunk_place(r->staging);

	if (!process_lock(p, &r->lock, &mask))
		return;
	if (r->ready < end)
		make_ready(p, end);
	/* A hole, which takes no room on a disk. */
	if (keeps && r->ready >= end)
		sink_lengthen(&p->log.sink, kept_place(r->places < RESERVED ? r->places : RESERVED));
	lock_release(&r->lock, &mask);
}

void room_trim(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t mask;

	/* Another thread might store behind the new end. */
	if (p->threads || p->sealed || !process_lock(p, &r->lock, &mask))
		return;
	if (r->kept) {
		sink_shorten(&p->log.sink, kept_place(r->kept < r->places ? r->kept : r->places));
	} else if (p->log.sink.size > kept_place(0)) {
		sink_shorten(&p->log.sink, r->ready);
	} else if (r->sequence <= r->staging && r->ready - r->next >= WORTH_TRIMMING && r->ready - r->next <= RECORD_CHUNK) {
		r->ready = r->next;
		sink_shorten(&p->log.sink, r->next);
	}
	lock_release(&r->lock, &mask);
}

void room_forked(void)
{
	if (inherited.staging_at)
		RAW(__NR_mmap, inherited.staging_at, kept_place(0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/* No more than the window has. */
static void bound_places(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t most = (p->log.sink.window_size - kept_place(0)) / RECORD_CHUNK;

	r->places = r->places < most ? r->places : most;
}

void room_narrow(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t mask;

	if (!process_lock(p, &r->lock, &mask))
		return;
	/* NB: a place is a full chunk's by its number while there are no more of them. */
	sink_narrow(&p->log.sink, kept_place(r->sequence < r->places ? r->sequence : r->places));
	bound_places(p);
	lock_release(&r->lock, &mask);
}

int room_open(struct process *p)
{
	struct recording *r = &p->log.recording;

	r->store = p->log.sink.window - p->log.sink.base;
	if (r->is_copied) {
		long at = RAW(__NR_mmap, 0, kept_place(0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (is_error(at))
			return (int)at;
		RAW(__NR_madvise, at, kept_place(0), MADV_DONTFORK);
		r->store = (char *)at;
	}
	inherited.staging_at = r->store;
	r->places = r->in_memory ? KEPT_IN_MEMORY : RECORD_KEPT;
	bound_places(p);
	if (!make_ready(p, RECORD_DATA + RECORDING_FIRST))
		return RECORD_DATA + RECORDING_FIRST > p->log.sink.limit ? -EFBIG : -ENOSPC;
	/* NB order: whoever comes back into the middle of his parent's call finds no room before that. */
	r->staging = RECORD_STAGING;
	r->next = RECORD_DATA + sizeof(struct record_chunk);
	((struct record_chunk *)room_place(p, RECORD_DATA))->sequence = r->sequence = 1;
	return 0;
}

uint64_t room_window(void)
{
	return kept_place(RECORD_KEPT);
}
