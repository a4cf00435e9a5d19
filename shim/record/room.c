/* Room for records; see room.h. */
#include "room_store.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <linux/mman.h>
#ifndef MAP_FIXED_NOREPLACE /* Linux 4.17; before, the address is taken for a wish */
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#include "../sys/poison.h"

/* Shortening the file costs as much as making it: 20 us on ext4. */
enum { WORTH_TRIMMING = 2 * 4096, RESERVED = 256 /* chunks, where rights are given up: 8 MiB */ };

enum { NOT_AGAIN = 256, PATIENCE = 64, LONG_ENOUGH = 1000000000 /* ns */, WORTH_WAITING = 50000000, BUSY = -1 };

static unsigned index_of(uint64_t offset)
{
	return (unsigned)((offset - RECORD_DATA) / RECORD_CHUNK);
}

/* A full chunk that somebody still writes into is passed over: in which a record has no kind yet. Looked for here, because a sum of what is committed would be
 * passed from processor to processor by all threads. */
static int is_free(struct process *p, unsigned i)
{
	const char *at = (const char *)room_place(p, room_chunk(i)) + sizeof(struct record_chunk), *end = at + p->log.recording.reserved[i];

	while (at < end) {
		const union room_first first = {.whole = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE)};
		if (!first.word.kind || !first.word.size)
			return 0;
		at += first.word.size * 8;
	}
	return 1;
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
		room_keep(p, chunk);
		__atomic_store_n(&chunk->sequence, 0, __ATOMIC_RELEASE);
		memset(chunk + 1, 0, (at + RECORD_CHUNK < r->ready ? at + RECORD_CHUNK : r->ready) - at - sizeof *chunk);
	}
	r->reserved[index_of(at)] = 0;
	__atomic_store_n(&chunk->sequence, ++r->sequence, __ATOMIC_RELEASE);
}

/* The next chunk to be filled, empty and numbered; 0: there is none. */
static uint64_t next_chunk(struct process *p, unsigned from)
{
	struct recording *r = &p->log.recording;
	unsigned i = from + 1;
	uint64_t at = room_chunk(i);

	if (i < r->staging && at >= r->ready && !room_make_ready(p, at + RECORD_CHUNK) && !room_make_ready(p, at + RECORDING_FIRST)) {
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
	at = room_chunk(i);
	empty(p, room_place(p, at), at);
	if (r->is_copied) {
		r->news = 0;
		room_copy_chunk(p, room_chunk(from), 0);
		room_copy_chunk(p, at, 1);
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
	if (next + size <= end && (room_make_ready(p, end) || (next + size <= r->ready + RECORDING_FIRST && room_make_ready(p, r->ready + RECORDING_FIRST))))
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
		room_commit(p, (char *)record + used, size - used, RECORD_GAP, 0);
}

void room_commit(struct process *p, void *record, size_t size, unsigned kind, unsigned flags)
{
	room_commit_at_once(p, record, size, kind, flags);
}

void room_reserve(struct process *p, int keeps)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, end = room_chunk(r->staging);

	if (!process_lock(p, &r->lock, &mask))
		return;
	if (r->ready < end)
		room_make_ready(p, end);
	/* A hole, which takes no room on a disk. */
	if (keeps && r->ready >= end)
		sink_lengthen(&p->log.sink, room_kept(r->places < RESERVED ? r->places : RESERVED));
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
		sink_shorten(&p->log.sink, room_kept(r->kept < r->places ? r->kept : r->places));
	} else if (p->log.sink.size > room_kept(0)) {
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
		RAW(__NR_mmap, inherited.staging_at, room_kept(0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/* No more than the window has. */
static void bound_places(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t most = (p->log.sink.window_size - room_kept(0)) / RECORD_CHUNK;

	r->places = r->places < most ? r->places : most;
}

void room_narrow(struct process *p, unsigned resource)
{
	struct recording *r = &p->log.recording;
	uint64_t mask;

	if (!process_lock(p, &r->lock, &mask))
		return;
	/* NB: a place is a full chunk's by its number while there are no more of them. */
	sink_narrow(&p->log.sink, room_kept(r->sequence < r->places ? r->sequence : r->places), resource);
	bound_places(p);
	lock_release(&r->lock, &mask);
}

int room_open(struct process *p)
{
	struct recording *r = &p->log.recording;

	r->store = p->log.sink.window - p->log.sink.base;
	if (r->is_copied) {
		long at = RAW(__NR_mmap, inherited.is_forked ? memory_aside(room_kept(0)) : 0, room_kept(0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (is_error(at))
			return (int)at;
		RAW(__NR_madvise, at, room_kept(0), MADV_DONTFORK);
		r->store = (char *)at;
	}
	inherited.staging_at = r->store;
	r->places = r->in_memory ? ROOM_IN_MEMORY : RECORD_KEPT;
	bound_places(p);
	if (!room_make_ready(p, RECORD_DATA + RECORDING_FIRST))
		return RECORD_DATA + RECORDING_FIRST > p->log.sink.limit ? -EFBIG : -ENOSPC;
	/* NB order: whoever comes back into the middle of his parent's call finds no room before that. */
	r->staging = RECORD_STAGING;
	r->next = RECORD_DATA + sizeof(struct record_chunk);
	((struct record_chunk *)room_place(p, RECORD_DATA))->sequence = r->sequence = 1;
	return 0;
}

uint64_t room_window(void)
{
	return room_kept(RECORD_KEPT);
}
