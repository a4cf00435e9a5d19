/* Floor 1: records of calls that are nothing but their numbers, or, in a process with one thread, these and a path: recording.c's records on a shorter way. Nine of ten
 * calls of most programs are such: read, write, close, lseek, stat. */
#ifndef SHIM_RECORD_PLAIN_H
#define SHIM_RECORD_PLAIN_H

#include "process.h"
#include "shape.h"

struct call;

/* Has a record of it no memory of the program, or a path that the kernel has read when it is made? */
int plain_is(uint64_t number);
/* Of such a call: may it go this way now? Where there are threads the kernel is asked for a path, and who is in a vfork child's place is asked for each. */
static inline int plain_is_known(const struct process *p, uint32_t number)
{
	return process_is_alone(p) || (!p->suspect && !shapes[number].reads);
}

/* A whole call. ticket->began, now: clock_monotonic. Any context, as all that follows. */
void plain_call(struct process *p, const struct call *call, const struct log_ticket *ticket, uint64_t now, long result);
/* One that may wait: its beginning, which looks at the clock when its record is filled (ticket->began), and its end, given what the beginning has
 * given. */
struct plain_begun {
	void *record; /* NULL: it found no room, or went another way */
	size_t size;
};
struct plain_begun plain_begin(struct process *p, const struct call *call, struct log_ticket *ticket);
void plain_end(struct process *p, const struct call *call, const struct log_ticket *ticket, struct plain_begun begun, uint64_t now, long result);

/* Is this beginning its own, and the last record? A handler may have recorded calls, may have started threads, may never have come back to an earlier call. NB order: in a
 * child that a handler has forked the record is not there to be looked at. */
static inline int plain_is_last(const struct process *p, const struct record_call *begun, uint64_t offset, size_t size, uint64_t serial)
{
	return process_is_alone(p) && p->log.recording.next == offset + size && begun->word.kind == RECORD_BEGIN && begun->serial == (uint32_t)serial;
}

/* It has come back: completed where it stands. NB order: whoever is killed here leaves a beginning; who reads meanwhile finds one, or all. */
void plain_complete(struct process *p, struct record_call *begun, size_t size, uint64_t began, uint64_t now, long result);

static inline void recording_count_sometimes(struct process *p)
{
	const struct recording *r = &p->log.recording;
	uint64_t sequence = __atomic_load_n(&r->sequence, __ATOMIC_RELAXED);

	if (unlikely(sequence - __atomic_load_n(&r->counted_at, __ATOMIC_RELAXED) >= RECORDING_COUNTERS_EVERY))
		recording_count(p, sequence);
}

#endif
