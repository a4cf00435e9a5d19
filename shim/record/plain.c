/* Records of calls that are nothing but their numbers; see plain.h. */
#include "plain.h"
#include "room.h"
#include "shape.h"
#include "../sys/clock.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

int plain_is(uint64_t number)
{
	return number < RECORD_CALLS - 1 && shape_of(number).reads == READS_NOTHING;
}

static size_t size_of(uint32_t number)
{
	return sizeof(struct record_call) + shapes[number].count * sizeof(uint64_t);
}

/* All but its times, serial and result, which are 0. NULL: there is no room, which is counted. */
static inline struct record_call *take(struct process *p, const struct call *call)
{
	uint32_t number = (uint32_t)call->number;
	unsigned count = shapes[number].count;
	size_t size = size_of(number);
	struct record_call *record = room_take_at_once(p, size);

	if (unlikely(!record) && !(record = room_take(p, size)))
		return NULL;
	record->number = (uint16_t)number;
	record->arguments_count = (uint8_t)count;
	record->thread = p->pid;
	for (unsigned i = 0; i < count; i++)
		record->arguments[i] = call->arguments[i];
	return record;
}

void plain_call(struct process *p, const struct call *call, uint64_t began, uint64_t now, long result)
{
	struct record_call *record = take(p, call);

	if (unlikely(!record))
		return;
	record->began = began;
	record->duration = clock_from_to(began, now);
	record->result = result;
	room_commit_at_once(p, record, size_of((uint32_t)call->number), RECORD_CALL, 0);
	recording_count_sometimes(p);
}

void *plain_begin(struct process *p, const struct call *call, struct log_ticket *ticket)
{
	struct recording *r = &p->log.recording;
	struct record_call *record = take(p, call);

	/* NB: r->begun, by which complete_begun finds its own, stays another's. */
	ticket->serial = __atomic_add_fetch(&r->serials, 1, __ATOMIC_RELAXED);
	ticket->began = clock_monotonic();
	if (unlikely(!record))
		return NULL;
	record->serial = (uint32_t)ticket->serial;
	record->began = ticket->began;
	room_commit_at_once(p, record, size_of((uint32_t)call->number), RECORD_BEGIN, 0);
	recording_count_sometimes(p);
	return record;
}

void plain_complete(struct process *p, struct record_call *begun, size_t size, uint64_t began, uint64_t now, long result)
{
	begun->duration = clock_from_to(began, now);
	begun->result = result;
	__atomic_store_n(&begun->word.kind, RECORD_CALL, __ATOMIC_RELEASE);
	room_stored(p, begun, size);
}

void plain_end(struct process *p, const struct call *call, const struct log_ticket *ticket, void *begun, uint64_t now, long result)
{
	struct record_call *record = begun;
	size_t size = size_of((uint32_t)call->number);

	if (unlikely(!record) || unlikely(!plain_is_last(p, record, room_offset(p, record), size, ticket->serial))) {
		const uint64_t *a = call->arguments;
		const struct text_call text = {(uint32_t)call->number, {a[0], a[1], a[2], a[3], a[4], a[5]}, result};
		recording_call(p, &text, ticket, now, 0);
		return;
	}
	plain_complete(p, record, size, ticket->began, now, result);
}
