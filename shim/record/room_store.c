/* Where records stay: the file's pages are made before they are stored into, full chunks are written to their places, and where pages may not be stored into
 * the kernel copies. See room.h and room_store.h. */
#include "room_store.h"
#include "recordings.h"
#include "../../format/total.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/mman.h>

#include "../sys/poison.h"

enum { FILES_IN_MEMORY = 1000, FILES_LEAST = 16, LEAST_PAGE = 4096, KEPT_AT_ONCE = 8, COPY_EVERY = 1000000 /* ns */, FULL_TURNS = 1024, BCACHEFS = 0xca451a4e, UBIFS = 0x24051905 };

/* XFS too: for a file that was copied there (cp makes a reflink), and after an error of its disk it shuts itself down, and answers every such store by SIGBUS. */
static int copies_on_write(const struct statfs *s)
{
	switch ((uint32_t)s->f_type) {
	case BTRFS_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
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

/* What nobody has asked for leaves the user's disk to what he does there. */
static uint64_t part_of_free(const struct statfs *s)
{
	return settings.log_asked ? RECORD_TOTAL_BYTES : recordings_room(s) / ROOM_PART_OF_FREE;
}

/* And of the files that he may still make there; a file system that makes room for them as they come knows no number. */
static uint64_t files_of_free(const struct statfs *s, uint64_t files)
{
	uint64_t part = (uint64_t)s->f_ffree / ROOM_PART_OF_FREE;

	return !settings.log_asked && s->f_files && part < files ? part : files;
}

void room_look(struct process *p, const char *path)
{
	struct recording *r = &p->log.recording;
	struct statfs status;

	r->most = RECORD_TOTAL_BYTES;
	r->most_files = RECORD_TOTAL_PROCESSES;
	if (RAW(__NR_statfs, path, &status) != 0)
		return;
	r->in_memory = !settings.log_asked && lies_in_memory(&status);
	r->is_copied = (uint8_t)copies_on_write(&status);
	/* A file has a chunk or two that are not full. NB: where there is no room at all the kernel says so. */
	uint64_t part = r->in_memory ? ROOM_IN_MEMORY * 16u * RECORD_CHUNK : part_of_free(&status), files = files_of_free(&status, r->in_memory ? FILES_IN_MEMORY : part / RECORD_CHUNK);
	r->most = part < RECORD_TOTAL_BYTES ? part : RECORD_TOTAL_BYTES;
	r->most_files = files < FILES_LEAST ? FILES_LEAST : files < RECORD_TOTAL_PROCESSES ? (uint32_t)files : RECORD_TOTAL_PROCESSES;
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

int room_copy(void *to, const void *from, size_t size)
{
	uint64_t page = page_down((uint64_t)to);

	if (memory_is_stored_directly() && RAW(__NR_madvise, page, (uint64_t)to + size - page, MADV_POPULATE_WRITE) != 0)
		return 0;
	return memory_write(to, from, size) == (long)size;
}

/* Before Linux 5.14 the kernel's own copy finds out whether they can be. */
int room_make_ready(struct process *p, uint64_t end)
{
	struct recording *r = &p->log.recording;
	uint64_t from = page_down(r->ready);
	static const char zeros[64];

	if (p->sealed || p->log.sink.frozen || sink_lengthen(&p->log.sink, end))
		return 0;
	/* Of a file that is copied to only the first pages are asked for: a full disk is met by the copies. */
	long result = r->is_copied && r->ready ? 0 : RAW(__NR_madvise, file_place(p, from), end - from, MADV_POPULATE_WRITE);
	for (uint64_t at = r->ready; result == -EINVAL && at < end; at += LEAST_PAGE - at % LEAST_PAGE)
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
	uint64_t there = sink->size > room_kept(0) ? (sink->size - room_kept(0)) / RECORD_CHUNK : 0;

	return there < p->log.recording.places ? there : p->log.recording.places;
}

/* The place is there, or is made: 0; -errno. */
static int make_place(struct process *p, uint64_t to)
{
	if (to + RECORD_CHUNK <= p->log.sink.size || !sink_lengthen(&p->log.sink, to + KEPT_AT_ONCE * RECORD_CHUNK))
		return 0;
	return sink_lengthen(&p->log.sink, to + RECORD_CHUNK);
}

void room_keep(struct process *p, const struct record_chunk *chunk)
{
	struct recording *r = &p->log.recording;
	struct record_header *header = room_place(p, 0);
	static const struct record_chunk none;

	/* Its number says where: so the oldest is overwritten, in whichever order they come. */
	int fresh = chunk->sequence <= r->places, is_taken = fresh && !r->full;
	if (is_taken && !takes_chunk(p, r->most)) {
		r->places = chunk->sequence - 1;
		fresh = is_taken = 0;
	}
	uint64_t to = room_kept(r->places ? (chunk->sequence - 1) % r->places : 0);
	int room = r->places && !p->sealed && !r->full, result = room ? make_place(p, to) : 0;
	/* Where the file grows no more for now (its path is out of reach, a limit stands) the oldest is overwritten. NB: of one that somebody has cut nothing is known to be there. */
	uint64_t there = result && result != -ESTALE ? places_there(p) : 0;
	if (there && chunk->sequence > there) {
		if (is_taken)
			gives_chunk(p);
		fresh = is_taken = 0;
		to = room_kept((chunk->sequence - 1) % there);
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
void room_copy_chunk(struct process *p, uint64_t at, int is_fresh)
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
	for (unsigned i = 0; i < r->staging && room_chunk(i) < r->ready; i++)
		if (((struct record_chunk *)room_place(p, room_chunk(i)))->sequence)
			room_copy_chunk(p, room_chunk(i), 0);
	copy_part(p, 0, RECORD_DATA);
}
