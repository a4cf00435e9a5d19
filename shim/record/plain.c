/* Records of calls that are nothing but their numbers, or these and a path; see plain.h. */
#include "plain.h"
#include "room.h"
#include "shape.h"
#include "../sys/clock.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

int plain_is(uint64_t number)
{
	struct shape shape = shape_of(number);

	return number < RECORD_CALLS - 1 && (shape.reads == READS_NOTHING || (shape.reads == READS_PATH && recording_may_read(number)));
}

static size_t size_of(uint32_t number)
{
	return sizeof(struct record_call) + shapes[number].count * sizeof(uint64_t);
}

/* All but its times, serial and result, which are 0; with `behind` bytes for what lies in memory; came: see room_take_before. NULL: there is no room, which is counted. */
static inline struct record_call *take(struct process *p, const struct call *call, size_t behind, uint64_t *came)
{
	uint32_t number = (uint32_t)call->number;
	unsigned count = shapes[number].count;
	size_t size = size_of(number) + behind;
	struct record_call *record = room_take_at_once(p, size);

	if (unlikely(!record) && !(record = room_take_before(p, size, came)))
		return NULL;
	record->number = (uint16_t)number;
	record->arguments_count = (uint8_t)count;
	record->thread = recording_thread(p);
	for (unsigned i = 0; i < count; i++)
		record->arguments[i] = call->arguments[i];
	return record;
}

/* The ways of all others. */
static __attribute__((noinline)) void put(struct process *p, const struct call *call, const struct log_ticket *ticket, uint64_t now, long result)
{
	const struct text_call text = log_text_of(call, result);

	recording_call(p, &text, ticket, now, 0);
}

static __attribute__((noinline)) struct plain_begun put_begin(struct process *p, const struct call *call, struct log_ticket *ticket)
{
	const struct text_call text = log_text_of(call, 0);

	log_quick_begin(p, &text, ticket);
	return (struct plain_begun){0};
}

static inline void end(struct process *p, struct record_call *record, size_t size, uint64_t began, uint64_t now, long result, unsigned flags)
{
	record->began = began;
	record->duration = clock_from_to(began, now);
	record->result = result;
	room_commit_at_once(p, record, size, RECORD_CALL, flags);
	recording_count_sometimes(p);
}

/* With its path, which the kernel has just read. */
static inline void path_call(struct process *p, const struct call *call, const struct log_ticket *ticket, uint64_t now, long result)
{
	uint32_t number = (uint32_t)call->number;
	uint64_t from = call->arguments[shapes[number].first];
	size_t length = from && recording_was_read(p, number, from, result) ? text_length_within((const char *)from, PATH_LIMIT) : PATH_LIMIT;
	struct record_call *record;

	if (unlikely(length >= PATH_LIMIT)) {
		put(p, call, ticket, now, result);
		return;
	}
	size_t head = size_of(number), size = head + recording_piece_size(length + 1);
	record = take(p, call, size - head, NULL);
	if (unlikely(!record))
		return;
	recording_put_piece((char *)record + head, (const char *)from, length + 1);
	end(p, record, size, ticket->began, now, result, RECORD_MEMORY);
}

void plain_call(struct process *p, const struct call *call, const struct log_ticket *ticket, uint64_t now, long result)
{
	if (shapes[(uint32_t)call->number].reads) {
		path_call(p, call, ticket, now, result);
		return;
	}
	struct record_call *record = take(p, call, 0, NULL);
	if (likely(record))
		end(p, record, size_of((uint32_t)call->number), ticket->began, now, result, 0);
}

struct plain_begun plain_begin(struct process *p, const struct call *call, struct log_ticket *ticket)
{
	struct recording *r = &p->log.recording;
	uint32_t number = (uint32_t)call->number;
	struct shape shape = shapes[number];
	uint64_t from = shape.reads ? call->arguments[shape.first] : 0;
	size_t string = shape.reads ? recording_string_now(p, from) : 0, behind = string ? recording_piece_size(string) : 0, size = size_of(number) + behind;

	if (shape.reads && !string)
		return put_begin(p, call, ticket);
	struct record_call *record = take(p, call, behind, &ticket->came);
	/* NB: r->begun, by which complete_begun finds its own, stays another's. */
	ticket->serial = __atomic_add_fetch(&r->serials, 1, __ATOMIC_RELAXED);
	ticket->began = clock_monotonic();
	if (unlikely(!record))
		return (struct plain_begun){0};
	record->serial = (uint32_t)ticket->serial;
	record->began = ticket->began;
	if (string)
		recording_put_piece((char *)record + size_of(number), (const char *)from, string);
	room_commit_at_once(p, record, size, RECORD_BEGIN, string ? RECORD_MEMORY : 0);
	recording_count_sometimes(p);
	return (struct plain_begun){record, size};
}

void plain_complete(struct process *p, struct record_call *begun, size_t size, uint64_t began, uint64_t now, long result)
{
	begun->duration = clock_from_to(began, now);
	begun->result = result;
	__atomic_store_n(&begun->word.kind, RECORD_CALL, __ATOMIC_RELEASE);
	room_stored(p, begun, size);
}

void plain_end(struct process *p, const struct call *call, const struct log_ticket *ticket, struct plain_begun begun, uint64_t now, long result)
{
	struct record_call *record = begun.record;

	if (unlikely(!record) || unlikely(!plain_is_last(p, record, room_offset(p, record), begun.size, ticket->serial))) {
		put(p, call, ticket, now, result);
		return;
	}
	plain_complete(p, record, begun.size, ticket->began, now, result);
}
