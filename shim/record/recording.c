/* The records of a recording; see recording.h, and include/sysshim/record.h for the format. */
#include "recording.h"
#include "pieces.h"
#include "plain.h"
#include "process.h"
#include "room.h"
#include "shape.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../sys/thread.h"

#include "../sys/poison.h"

enum { THREAD_BITS = 22 /* PID_MAX_LIMIT is 4,194,304 (linux/threads.h) */ };

/* The only thread is the process; a vfork child and many threads ask the kernel, which their thread pointer spares them the next time. */
int32_t recording_thread(struct process *p)
{
	if (p->sealed || process_is_alone(p))
		return p->pid;
	uint64_t pointer = p->log.recording.alike ? 0 : thread_pointer() >> 6, thread_mask = (1 << THREAD_BITS) - 1;
	uint64_t *slot = &p->log.recording.threads[(pointer ^ pointer >> 6 ^ pointer >> 14) % RECORDING_THREADS];
	uint64_t known = __atomic_load_n(slot, __ATOMIC_RELAXED);
	if (pointer && !p->suspect && known >> THREAD_BITS == pointer)
		return (int32_t)(known & thread_mask);
	uint64_t thread = (uint64_t)RAW(__NR_gettid);
	if (pointer && !p->suspect && thread <= thread_mask)
		__atomic_store_n(slot, pointer << THREAD_BITS | thread, __ATOMIC_RELAXED);
	return (int32_t)thread;
}

void recording_forget_threads(struct process *p, uint64_t has_pointer)
{
	/* NB order: before it is there. Who knows himself by his own pointer meanwhile is right. */
	if (!has_pointer)
		p->log.recording.alike = 1;
	for (unsigned i = 0; i < RECORDING_THREADS; i++)
		__atomic_store_n(&p->log.recording.threads[i], 0, __ATOMIC_RELAXED);
}

/* The printers of format/ ask for what they need of the program's memory, so they are what tells us what a reader will want: they print
 * into a corner that nobody reads, and what they were given is kept. */
struct keeper {
	struct text_memory memory;
	char *at, *end;
	struct record_memory *last, *before; /* what was kept last, which cut may shorten; NULL: it found no place */
};

static __attribute__((noinline)) long keep(struct keeper *keeper, const void *to, uint64_t from, size_t size, long got)
{
	size_t bytes = got > 0 ? (size_t)got : 0, whole = recording_piece_size(bytes);

	keeper->before = keeper->last;
	keeper->last = NULL;
	if ((size_t)(keeper->end - keeper->at) < whole)
		return got;
	keeper->last = (struct record_memory *)keeper->at;
	*keeper->last = (struct record_memory){from, (uint32_t)size, (int32_t)got};
	memcpy(keeper->at + sizeof(struct record_memory), to, bytes);
	memset(keeper->at + sizeof(struct record_memory) + bytes, 0, whole - sizeof(struct record_memory) - bytes);
	keeper->at += whole;
	return got;
}

static long read_and_keep(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	return keep((struct keeper *)self, to, from, size, memory_read(to, from, size));
}

/* 0: nothing of it is left. */
static int shorten(struct keeper *keeper, struct record_memory *piece, uint64_t from)
{
	if (from <= piece->address) {
		keeper->at = (char *)piece;
		return 0;
	}
	if (piece->got > 0 && from - piece->address < (uint64_t)piece->got)
		piece->got = (int32_t)(from - piece->address);
	size_t bytes = piece->got > 0 ? (size_t)piece->got : 0;
	keeper->at = (char *)piece + recording_piece_size(bytes);
	memset((char *)(piece + 1) + bytes, 0, (size_t)(keeper->at - (char *)(piece + 1)) - bytes);
	return 1;
}

/* Strings are read in pieces that end somewhere: what lies behind a path or an argument may be anything, the environment after the last one. */
static void cut(const struct text_memory *self, uint64_t from)
{
	struct keeper *keeper = (struct keeper *)self;

	if (keeper->last && !shorten(keeper, keeper->last, from)) {
		keeper->last = NULL;
		if (keeper->before)
			shorten(keeper, keeper->before, from);
	}
}

/* Pieces as they stand in a record; or a string of the program that may be read as it stands. */
struct kept {
	const char *at;
	size_t size;
	int is_string;
};

void recording_count(struct process *p, uint64_t sequence)
{
	struct recording *r = &p->log.recording;
	uint64_t before = __atomic_load_n(&r->counted_at, __ATOMIC_RELAXED);

	if (sequence - before >= RECORDING_COUNTERS_EVERY && __atomic_compare_exchange_n(&r->counted_at, &before, sequence, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		recording_counters(p);
}

static size_t head_size(uint64_t number)
{
	return sizeof(struct record_call) + (shape_of(number).count + (number >= RECORD_CALLS - 1)) * sizeof(uint64_t);
}

/* All that was asked for at its beginning was there, and is what its end asks for. */
static int is_whole(const struct record_call *begun, size_t head, size_t size)
{
	const char *end = (const char *)begun + size;

	for (const char *at = (const char *)begun + head; at < end;) {
		const struct record_memory *piece = (const void *)at;
		if ((size_t)(end - at) < sizeof *piece || piece->got <= 0)
			return 0;
		at += recording_piece_size((size_t)piece->got);
	}
	return 1;
}

static int is_exec(uint64_t number)
{
	return number == __NR_execve || number == __NR_execveat;
}

/* A call that has come back before anything else was recorded, and whose end adds nothing to read, is completed where its beginning stands: 1. Two
 * records would say the same. (An audit's beginnings have the time of the record before, which would be lost.)
 *
 * NB order: whoever is killed here leaves a beginning; who reads meanwhile finds one, or all. A handler's records stand behind, as natively: the
 * result was there before it ran. */
static int complete_begun(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	struct recording *r = &p->log.recording;
	struct shape shape = shape_of(call->number);
	char *base = room_base(p);

	if (!ticket->serial || ticket->injected || settings.audit || (shape.reads > READS_VECTOR && !is_exec(call->number)))
		return 0;
	/* A handler may come in between and begin one of its own: it is this one by its serial, or it is not. */
	uint64_t begun = __atomic_load_n(&r->begun, __ATOMIC_RELAXED);
	struct record_call *record = (struct record_call *)(base + begun);
	/* Or, in a child that a handler has forked in the midst of a beginning, its parent's. */
	if (!begun || begun + sizeof *record > __atomic_load_n(&r->ready, __ATOMIC_ACQUIRE))
		return 0;
	size_t size = record->word.size * sizeof(uint64_t);
	if (!plain_is_last(p, record, begun, size, ticket->serial))
		return 0;
	/* After the call it may be read although it could not before. */
	if (shape.reads && (is_exec(call->number) || call->arguments[shape.first]) &&
	    (!(record->word.flags & RECORD_MEMORY) || !is_whole(record, head_size(call->number), size)))
		return 0;
	plain_complete(p, record, size, ticket->began, now, call->result);
	return 1;
}

/* All but what lies in memory. */
static inline void fill_head(struct process *p, struct record_call *record, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	unsigned count = shape_of(call->number).count, unknown = call->number >= RECORD_CALLS - 1;

	record->number = (uint16_t)(unknown ? RECORD_CALLS - 1 : call->number);
	record->arguments_count = (uint8_t)(count + unknown);
	record->thread = recording_thread(p);
	record->serial = (uint32_t)ticket->serial;
	record->began = ticket->began;
	record->duration = clock_from_to(ticket->began, now);
	record->result = call->result;
	if (unknown)
		record->arguments[0] = call->number;
	for (unsigned i = 0; i < count; i++)
		record->arguments[i + unknown] = call->arguments[i];
}

static inline void commit(struct process *p, struct record_call *record, size_t size, unsigned how)
{
	room_commit(p, record, size, how & 0xff, how >> 8);
	if ((how & 0xff) == RECORD_BEGIN)
		__atomic_store_n(&p->log.recording.begun, room_offset(p, record), __ATOMIC_RELAXED);
	recording_count_sometimes(p);
}

/* Of a beginning: its ticket is no constant. */
static inline uint64_t *came_before(const struct log_ticket *ticket, unsigned how)
{
	return (how & 0xff) == RECORD_BEGIN ? (uint64_t *)(uintptr_t)&ticket->came : NULL;
}

/* now: the call's end, 0: it was not looked at; how: enum record_kind, and enum record_flags << 8. All is handed on in registers, so that no
 * function that has done its part keeps a frame. */
static __attribute__((noinline)) void put_call(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned how,
					       const struct kept *kept)
{
	size_t head = head_size(call->number);
	size_t memory_size = kept->is_string ? recording_piece_size(kept->size) : kept->size;
	struct record_call *record = room_take_before(p, head + memory_size, came_before(ticket, how));
	if (!record)
		return;
	fill_head(p, record, call, ticket, now);
	char *behind = (char *)record + head;
	if (kept->is_string)
		recording_put_piece(behind, kept->at, kept->size);
	else if (kept->size)
		memcpy(behind, kept->at, kept->size);
	commit(p, record, head + memory_size, how | (memory_size ? RECORD_MEMORY << 8 : 0));
}

static const struct kept nothing;

/* The log's buffer is the place to work in: its first part for the corner, the second for what is kept, and its end for what would else stand on
 * the program's stack. */
struct work {
	struct keeper keeper;
	struct text out;
	struct kept kept;
};
enum { KEPT_SIZE = LOG_PENDING - LOG_LINE - sizeof(struct work) };
_Static_assert(LOG_LINE % 8 == 0 && KEPT_SIZE % 8 == 0, "aligned");
_Static_assert(KEPT_SIZE + sizeof(struct record_call) + 7 * sizeof(uint64_t) + sizeof(struct record_chunk) <= RECORD_CHUNK, "a record has its place in a chunk");

/* Apart: what it has on the stack would stand there while the call is printed. */
static __attribute__((noinline)) void release_log(struct process *p, const uint64_t *mask, uint64_t *came)
{
	process_release_before(p, &p->log.lock, mask, came);
}

/* With what lies in memory. */
static __attribute__((noinline)) void put_call_and_memory(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned how)
{
	char *kept = p->log.buffer + LOG_LINE;
	struct work *w = (struct work *)(kept + KEPT_SIZE);
	uint64_t mask;

	if (p->sealed || !process_lock(p, &p->log.lock, &mask)) {
		put_call(p, call, ticket, now, how, &nothing);
		return;
	}
	w->keeper = (struct keeper){.memory = {.read = read_and_keep, .data = settings.data, .cut = cut}, .at = kept, .end = kept + KEPT_SIZE};
	w->out = (struct text){p->log.buffer, kept, 0};
	unsigned printed = text_call_enter(&w->out, call, &w->keeper.memory);
	if ((how & 0xff) == RECORD_CALL)
		text_call_leave(&w->out, call, printed, &w->keeper.memory);
	w->kept = (struct kept){.at = kept, .size = (size_t)(w->keeper.at - kept)};
	put_call(p, call, ticket, now, how, &w->kept);
	release_log(p, &mask, came_before(ticket, how));
}

/* Straight into the record, which gives back what it has not needed: no frame of this stands while room is made. 1: written, or there is no room; 0: it is not
 * to be read, or not within its page, or too long for this. */
static __attribute__((noinline)) int put_call_reading(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now,
						      unsigned how, struct shape shape)
{
	struct pieces pieces = pieces_of(call, how, shape);
	size_t head = head_size(call->number), room = head + recording_piece_size(pieces.first) + (pieces.second ? recording_piece_size(pieces.second) : 0);
	int are_strings = shape.reads != READS_SIGNALS && shape.reads != READS_VECTOR;
	uint64_t first = call->arguments[shape.first], second = call->arguments[shape.second];
	if (p->sealed || !pieces.first)
		return 0;
	struct record_call *record = room_take_before(p, room, came_before(ticket, how));
	if (!record)
		return 1;
	char *end = pieces_take(p, (char *)record + head, first, pieces.first, are_strings);
	if (end && pieces.second)
		end = pieces_take(p, end, second, pieces.second, shape.reads == READS_PATHS);
	if (end)
		fill_head(p, record, call, ticket, now);
	else
		memset((char *)record + sizeof(struct record_word), 0, room - sizeof(struct record_word));
	size_t used = end ? (size_t)(end - (char *)record) : 0;
	room_return(p, record, room, used);
	if (!end)
		return 0;
	commit(p, record, used, how | RECORD_MEMORY << 8);
	return 1;
}

/* With both of its paths as they stand. 1: written, or there is no room; 0: they are too long. */
static __attribute__((noinline)) int put_call_and_paths(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now,
							unsigned how, struct shape shape)
{
	const char *first = (const char *)call->arguments[shape.first], *second = (const char *)call->arguments[shape.second];
	size_t sizes[2] = {text_length_within(first, PATH_LIMIT) + 1, text_length_within(second, PATH_LIMIT) + 1};
	size_t head = head_size(call->number), behind = recording_piece_size(sizes[0]) + recording_piece_size(sizes[1]);

	if (sizes[0] > PATH_LIMIT || sizes[1] > PATH_LIMIT)
		return 0;
	struct record_call *record = room_take(p, head + behind);
	if (!record)
		return 1;
	fill_head(p, record, call, ticket, now);
	recording_put_piece((char *)record + head, first, sizes[0]);
	recording_put_piece((char *)record + head + recording_piece_size(sizes[0]), second, sizes[1]);
	commit(p, record, head + behind, how | RECORD_MEMORY << 8);
	return 1;
}

/* 1: written, with what lies in memory, or there is no room. */
static __attribute__((noinline)) int put_call_and_pieces(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now,
							unsigned how, struct shape shape)
{
	uint64_t from = call->arguments[shape.first];
	struct kept kept = {.at = (const char *)from, .is_string = 1};

	/* A mask that is only asked for, epoll_wait. */
	if (!from && shape.reads == READS_SIGNALS) {
		put_call(p, call, ticket, now, how, &nothing);
		return 1;
	}
	if (shape.reads == READS_PATHS && (how & 0xff) == RECORD_CALL && !(ticket->injected & RECORD_INJECTED) && recording_were_read(p, call->number, call->result))
		return put_call_and_paths(p, call, ticket, now, how, shape);
	if (shape.reads != READS_PATH || (how & 0xff) != RECORD_CALL || !from || ticket->injected & RECORD_INJECTED ||
	    !recording_was_read(p, call->number, from, call->result))
		return put_call_reading(p, call, ticket, now, how, shape);
	kept.size = text_length_within(kept.at, PATH_LIMIT) + 1;
	if (kept.size > PATH_LIMIT)
		return 0;
	put_call(p, call, ticket, now, how, &kept);
	return 1;
}

static int is_begun_by(const struct record_call *begun, const struct text_call *call, const struct log_ticket *ticket, int32_t thread)
{
	int same = begun->word.kind == RECORD_BEGIN && begun->word.flags & RECORD_MEMORY && begun->serial == (uint32_t)ticket->serial &&
		   begun->number == call->number && begun->thread == thread;

	for (unsigned i = 0; same && i < shape_of(call->number).count; i++)
		same = begun->arguments[i] == call->arguments[i];
	return same;
}

/* What the call shows of the program's memory stands in its beginning, if that is still there: where others are, reading it again costs as much as a cheap call.
 *
 * NB order: whoever empties the chunk meanwhile has taken its number away before. 1: written, or there is no room. */
static __attribute__((noinline)) int put_call_as_begun(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned how)
{
	const char *base = room_base(p);
	const struct record_call *begun = (const struct record_call *)(base + ticket->printed);
	uint64_t chunk = room_chunk_of(ticket->printed + 1), ready = __atomic_load_n(&p->log.recording.ready, __ATOMIC_ACQUIRE);
	/* In a child that a handler has forked, and that comes back to this call, the file is another one, and may end before. */
	if (ticket->printed + sizeof *begun > ready)
		return 0;
	const uint64_t *number = &((const struct record_chunk *)(base + chunk))->sequence;
	uint64_t sequence = __atomic_load_n(number, __ATOMIC_ACQUIRE);
	size_t head = head_size(call->number), size = *(const volatile uint16_t *)&begun->word.size * sizeof(uint64_t);

	if (!sequence || size <= head || size > chunk + RECORD_CHUNK - ticket->printed || ticket->printed + size > ready || !is_begun_by(begun, call, ticket, recording_thread(p)))
		return 0;
	struct record_call *record = room_take(p, size);
	if (!record)
		return 1;
	memcpy((char *)record + head, (const char *)begun + head, size - head);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	int same = is_begun_by(begun, call, ticket, recording_thread(p)) && is_whole(record, head, size) && __atomic_load_n(number, __ATOMIC_RELAXED) == sequence;
	if (same)
		fill_head(p, record, call, ticket, now);
	else
		memset((char *)record + sizeof(struct record_word), 0, size - sizeof(struct record_word));
	if (same)
		commit(p, record, size, how | RECORD_MEMORY << 8);
	else
		room_return(p, record, size, 0);
	return same;
}

/* Is it known where its beginning stands, and has the kernel nothing to add to it? */
static inline int may_be_as_begun(const struct process *p, const struct text_call *call, const struct log_ticket *ticket)
{
	unsigned reads = shape_of(call->number).reads;

	return ticket->serial && ticket->printed > RECORD_DATA && ticket->printed < RECORD_DATA + RECORD_STAGING * RECORD_CHUNK &&
	       ((!process_is_alone(p) && reads != READS_NOTHING && reads <= READS_PATHS) || is_exec(call->number));
}

static void put(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned how)
{
	struct shape shape = shape_of(call->number);

	if (shape.reads == READS_NOTHING)
		put_call(p, call, ticket, now, how, &nothing);
	else if (shape.reads == READS_MORE || !put_call_and_pieces(p, call, ticket, now, how, shape))
		put_call_and_memory(p, call, ticket, now, how);
}

void recording_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	ticket->serial = __atomic_add_fetch(&p->log.recording.serials, 1, __ATOMIC_RELAXED);
	put(p, call, ticket, 0, RECORD_BEGIN);
	/* Or another thread's by now: its end looks. */
	ticket->printed = (unsigned)__atomic_load_n(&p->log.recording.begun, __ATOMIC_RELAXED);
}

void recording_call(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned flags)
{
	unsigned how = RECORD_CALL | (flags | (ticket->serial ? RECORD_RESUMED : 0)) << 8;

	if (!complete_begun(p, call, ticket, now) && !(may_be_as_begun(p, call, ticket) && put_call_as_begun(p, call, ticket, now, how)))
		put(p, call, ticket, now, how);
}

void recording_gathered(struct process *p, int fd, size_t bytes)
{
	struct record_coalesced *record = room_take(p, sizeof *record);

	if (!record)
		return;
	record->fd = fd;
	record->bytes = (uint32_t)bytes;
	room_commit(p, record, sizeof *record, RECORD_COALESCED, RECORD_GATHERED);
	recording_count_sometimes(p);
}

void recording_coalesced(struct process *p, const struct text_call *call)
{
	static const struct log_ticket no_time;

	if (call->number != __NR_write || settings.data)
		recording_call(p, call, &no_time, 0, RECORD_GATHERED);
	else
		recording_gathered(p, (int)call->arguments[0], (size_t)call->result);
}

void recording_exec(struct process *p, uint64_t now)
{
	struct text_call call = {__NR_execve, {0}, 0};
	struct log_ticket ticket = {.began = now};

	put_call(p, &call, &ticket, 0, RECORD_CALL | RECORD_RESUMED << 8, &nothing);
}
