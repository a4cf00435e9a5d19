/* The events of a recording's files, each in the order of its records (merge.c: all in the order of time). Files are read, a chunk at a time, where they
 * are read from front to back: that costs less than mapping their pages, and a recording may be larger than memory. */
#include "recording.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

/* Where in a file we are. */
struct cursor {
	struct chunk_place {
		uint64_t sequence, at;
	} *chunks;
	size_t count, index; /* of the chunk behind the one that is being read */
	uint64_t at, end;    /* of what is left of that one */
	uint64_t sequence;   /* its number */
	uint64_t last;       /* the time of the record before */
	int is_begun;        /* the first half of the record at `at` was given out */
	int file;            /* -1: not open, the mapping does as well */
	int is_cut;          /* the file has grown since: at `end` a record may begin that goes on behind it */
	/* The last two chunks: who has an event may look at the one behind it. held: their offsets, 0: none. */
	uint64_t held[2], sequences[2];
	unsigned newest;
	char bytes[2][RECORD_CHUNK] __attribute__((aligned(8)));
};

/* Where a chunk stays when it is no longer being filled. */
static uint64_t kept_place(uint64_t sequence)
{
	return RECORD_DATA + (RECORD_STAGING + (sequence - 1) % RECORD_KEPT) * (uint64_t)RECORD_CHUNK;
}

/* Does the record `within` a chunk at this place belong to it still? The last chunk may be cut behind it. */
static int is_mapped(const struct source *s, uint64_t chunk, uint64_t within, uint64_t sequence)
{
	return chunk + within + sizeof(struct record_word) <= s->size && ((const struct record_chunk *)(s->bytes + chunk))->sequence == sequence;
}

/* A chunk that event_hold has copied, which a program that goes on cannot write over. */
static struct {
	const struct source *source;
	uint64_t sequence;
	char bytes[RECORD_CHUNK] __attribute__((aligned(8)));
} kept_chunk;

/* NULL: it does not stand there any more. */
static const struct record_word *find(const struct recording *r, const struct event *e)
{
	const struct source *s = &r->sources[e->source];
	const struct cursor *c = s->cursor;
	uint64_t at = (uint64_t)e->at * 8, chunk = at - (at - RECORD_DATA) % RECORD_CHUNK, kept = kept_place(e->sequence);

	if (kept_chunk.source == s && kept_chunk.sequence == e->sequence)
		return (const void *)(kept_chunk.bytes + (at - chunk));
	for (unsigned i = 0; c && i < 2; i++)
		if (c->held[i] == chunk && c->sequences[i] == e->sequence)
			return (const void *)(c->bytes[i] + (at - chunk));
	if (is_mapped(s, chunk, at - chunk, e->sequence))
		return (const void *)(s->bytes + at);
	return is_mapped(s, kept, at - chunk, e->sequence) ? (const void *)(s->bytes + kept + (at - chunk)) : NULL;
}

static int is_both(const struct record_word *word)
{
	return word->kind == RECORD_CALL && !(word->flags & RECORD_RESUMED) && ((const struct record_call *)word)->serial;
}

/* Between the two halves nothing was recorded in that process; only for what makes processes and images another file may say something. */
static int may_be_whole(const struct record_word *word)
{
	const struct syscall_row *row = syscall_row(((const struct record_call *)word)->number);

	return row && row->class != CLASS_PROCESS;
}

/* Halves of records that say both, as a writer writes two: of the last few events that were asked for. */
enum { HALVES = 4 };
static struct half_record {
	const struct recording *recording; /* NULL: none */
	struct event event;
	union {
		struct record_call call;
		char bytes[RECORD_CHUNK];
	} as;
} halves[HALVES];
static unsigned newest_half;

static int is_half(const struct half_record *h, const struct recording *r, const struct event *e)
{
	return h->recording == r && h->event.at == e->at && h->event.sequence == e->sequence && h->event.source == e->source && h->event.half == e->half;
}

static const struct record_word *half_of(const struct recording *r, const struct event *e, const struct record_word *word)
{
	size_t size = (size_t)word->size * 8;

	for (unsigned i = 0; i < HALVES; i++)
		if (is_half(&halves[(newest_half + i) % HALVES], r, e))
			return &halves[(newest_half + i) % HALVES].as.call.word;
	newest_half = (newest_half + HALVES - 1) % HALVES;
	struct half_record *h = &halves[newest_half];
	struct record_call *call = &h->as.call;
	memcpy(h->as.bytes, word, size < sizeof h->as.bytes ? size : sizeof h->as.bytes);
	if (e->half == HALF_BEGIN) {
		call->word.kind = RECORD_BEGIN;
		call->word.flags &= (uint8_t)~RECORD_RESUMED;
		call->duration = 0;
		call->result = 0;
	} else {
		call->word.flags |= RECORD_RESUMED;
	}
	h->recording = r;
	h->event = *e;
	return &call->word;
}

/* What is read again may be another file's. */
static void forget_halves(void)
{
	for (unsigned i = 0; i < HALVES; i++)
		halves[i].recording = NULL;
}

const struct record_word *event_record(const struct recording *r, const struct event *e)
{
	static const struct {
		struct record_call call;
		uint64_t arguments[7];
	} gone = {{{13, RECORD_CALL, 0}, RECORD_CALLS - 1, 7, 0, 0, 0, 0, 0, 0}, {UINT32_MAX}};
	const struct record_word *found = find(r, e);

	if (!found)
		return (const void *)&gone;
	return e->half ? half_of(r, e, found) : found;
}

int event_hold(struct recording *r, const struct event *e)
{
	struct source *s = &r->sources[e->source];
	const char *from = (const char *)find(r, e);
	uint64_t within = ((uint64_t)e->at * 8 - RECORD_DATA) % RECORD_CHUNK;

	if (from && from != kept_chunk.bytes + within) {
		uint64_t at = (uint64_t)(from - s->bytes) - within;
		kept_chunk.source = NULL;
		memcpy(kept_chunk.bytes, s->bytes + at, s->size - at < RECORD_CHUNK ? s->size - at : RECORD_CHUNK);
		/* NB order: what is put in its place meanwhile brings its number first. */
		if (is_mapped(s, at, within, e->sequence)) {
			kept_chunk.source = s;
			kept_chunk.sequence = e->sequence;
		} else {
			from = NULL;
		}
	}
	/* A chunk counts once. */
	s->missed += !from && s->gone != e->sequence;
	s->gone = from ? s->gone : e->sequence;
	return from != NULL;
}

static size_t least_size(unsigned kind)
{
	switch (kind) {
	case RECORD_CALL:
	case RECORD_BEGIN:
		return sizeof(struct record_call);
	case RECORD_COALESCED:
		return sizeof(struct record_coalesced);
	case RECORD_BATCH:
		return sizeof(struct record_batch);
	case RECORD_SIGNAL:
		return sizeof(struct record_signal);
	case RECORD_NOTE:
		return sizeof(struct record_note);
	case RECORD_COUNTER:
		return sizeof(struct record_counter);
	case RECORD_START:
		return sizeof(struct record_start);
	case RECORD_OBJECT:
		return sizeof(struct record_object);
	case RECORD_PLACE:
		return sizeof(struct record_place);
	case RECORD_COPY:
		return sizeof(struct record_copy);
	default:
		return 8;
	}
}

static int call_is_sound(const struct record_call *call, size_t size)
{
	size_t head = sizeof *call + call->arguments_count * sizeof(uint64_t);

	return call->arguments_count <= 7 && call->number < RECORD_CALLS && head <= size &&
	       (call->number != RECORD_CALLS - 1 || call->arguments_count) && (call->word.flags & RECORD_MEMORY || head == size);
}

/* A folder may be renamed by another process between the record in front of this one and the look at where it is. */
static uint64_t time_of_place(const struct record_place *place)
{
	size_t at = record_place_time(place->size);
	uint64_t time = 0;

	if (at + sizeof time <= (size_t)place->word.size * 8)
		memcpy(&time, (const char *)place + at, sizeof time);
	return time;
}

/* When it happened, in the writer's own clock; 0: it read none. */
static uint64_t time_of(const struct record_word *word)
{
	const struct record_call *call = (const void *)word;

	switch (word->kind) {
	case RECORD_CALL:
		return call->began + call->duration;
	case RECORD_BEGIN:
		return call->began;
	case RECORD_BATCH:
		return ((const struct record_batch *)word)->began + ((const struct record_batch *)word)->duration;
	case RECORD_SIGNAL:
		return ((const struct record_signal *)word)->at;
	case RECORD_NOTE:
		return ((const struct record_note *)word)->at;
	case RECORD_PLACE:
		return time_of_place((const void *)word);
	default:
		return 0;
	}
}

/* A path that could not be read, for whatever reason but that its address was bad. */
static int is_pathless(const struct record_call *call)
{
	const struct record_memory *memory = (const void *)&call->arguments[call->arguments_count];
	int path = syscall_path_argument(syscall_row(call->number));

	if (path < 0 || path >= call->arguments_count || !call->arguments[path] || is_exec_end(&call->word))
		return 0;
	if (!(call->word.flags & RECORD_MEMORY))
		return 1;
	return (const char *)(memory + 1) <= (const char *)call + (size_t)call->word.size * 8 && memory->got == -EPERM;
}

/* Under a filter that stood before the program a path is read only behind the call: the record of that has it, in the same chunk, of which so much
 * is left. How far behind; 0: there is none. */
static uint64_t with_path(const struct record_call *begin, uint64_t left)
{
	uint64_t size;

	if (begin->word.kind != RECORD_BEGIN || !is_pathless(begin))
		return 0;
	for (uint64_t at = (uint64_t)begin->word.size * 8; at + 8 <= left; at += size) {
		const struct record_call *call = (const void *)((const char *)begin + at);
		size = call->word.size ? (uint64_t)call->word.size * 8 : 8;
		if (size > left - at)
			return 0;
		if (call->word.kind != RECORD_CALL || !(call->word.flags & RECORD_RESUMED) || size < sizeof *call || !call_is_sound(call, size))
			continue;
		if (call->serial == begin->serial && call->thread == begin->thread && call->number == begin->number)
			return is_pathless(call) ? 0 : at;
	}
	return 0;
}

static int by_sequence(const void *a, const void *b)
{
	const struct chunk_place *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void find_chunks(struct source *s, struct cursor *c)
{
	size_t room = 0;

	for (uint64_t at = RECORD_DATA; at + sizeof(struct record_chunk) <= s->size; at += RECORD_CHUNK) {
		struct record_chunk chunk;
		if (c->file < 0)
			chunk = *(const struct record_chunk *)(s->bytes + at);
		else if (pread(c->file, &chunk, sizeof chunk, (off_t)at) != (ssize_t)sizeof chunk)
			break;
		if (!chunk.sequence)
			continue;
		c->chunks = grown(c->chunks, c->count, &room, sizeof *c->chunks);
		c->chunks[c->count++] = (struct chunk_place){chunk.sequence, at};
	}
	if (c->count)
		qsort(c->chunks, c->count, sizeof *c->chunks, by_sequence);
}

void source_rewind(struct source *s)
{
	source_close(s);
	forget_halves();
	struct cursor *c = s->cursor = resized(NULL, sizeof *s->cursor);
	c->chunks = NULL;
	c->count = c->index = 0;
	c->at = c->end = c->held[0] = c->held[1] = c->newest = 0;
	c->is_begun = c->is_cut = 0;
	c->last = s->began;
	c->file = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	s->records = s->broken = s->missed = s->pathless = s->gone = 0;
	find_chunks(s, s->cursor);
}

void source_skip(struct source *s, uint64_t sequence)
{
	struct cursor *c = s->cursor;

	while (c->index < c->count && c->chunks[c->index].sequence < sequence)
		c->index++;
}

void source_close(struct source *s)
{
	if (!s->cursor)
		return;
	if (s->cursor->file >= 0)
		close(s->cursor->file);
	free(s->cursor->chunks);
	free(s->cursor);
	s->cursor = NULL;
}

static int stands_there(const struct cursor *c, uint64_t at, uint64_t sequence)
{
	struct record_chunk chunk;

	return pread(c->file, &chunk, sizeof chunk, (off_t)at) == (ssize_t)sizeof chunk && chunk.sequence == sequence;
}

/* Reads a chunk to where it can be looked at; 0: it does not stand there any more, because the program has gone on. NB order: another one that
 * is put in its place while we read brings its number first. */
static int hold(struct source *s, struct cursor *c, uint64_t at, uint64_t sequence)
{
	unsigned i = !c->newest;
	ssize_t got;

	c->held[i] = 0;
	got = pread(c->file, c->bytes[i], RECORD_CHUNK, (off_t)at);
	if (got < (ssize_t)sizeof(struct record_chunk) || ((const struct record_chunk *)c->bytes[i])->sequence != sequence ||
	    !stands_there(c, at, sequence))
		return 0;
	c->newest = i;
	c->held[i] = at;
	c->sequences[i] = sequence;
	c->at = at + sizeof(struct record_chunk);
	/* What the file has grown by since it was mapped is not looked at. */
	c->is_cut = at + (uint64_t)got > s->size;
	c->end = c->is_cut ? s->size : at + (uint64_t)got;
	return 1;
}

/* 1: there is another chunk. */
static int next_chunk(struct source *s, struct cursor *c)
{
	/* Of one that stands in two places the earlier is taken. */
	while (c->index && c->index < c->count && c->chunks[c->index].sequence == c->chunks[c->index - 1].sequence)
		c->index++;
	if (c->index >= c->count)
		return 0;
	uint64_t at = c->chunks[c->index].at, sequence = c->chunks[c->index].sequence;
	c->index++;
	c->sequence = sequence;
	if (c->file >= 0 && !hold(s, c, at, sequence) && !hold(s, c, kept_place(sequence), sequence)) {
		s->missed++;
		c->at = c->end = 0;
		return 1;
	}
	if (c->file < 0) {
		c->at = at + sizeof(struct record_chunk);
		c->end = at + RECORD_CHUNK < s->size ? at + RECORD_CHUNK : s->size;
	}
	return 1;
}

int source_next(struct recording *r, unsigned index, struct event *e)
{
	struct source *s = &r->sources[index];
	struct cursor *c = s->cursor;

	for (;;) {
		if (c->at + 8 > c->end) {
			if (!next_chunk(s, c))
				return 0;
			continue;
		}
		const struct record_word *word = (const void *)(c->held[c->newest] ? c->bytes[c->newest] + (c->at - c->held[c->newest]) : s->bytes + c->at);
		uint64_t size = (uint64_t)word->size * 8;
		/* The end; or room whose taker was gone before he could say how much. */
		if (!word->size && !word->kind) {
			c->at += 8;
			continue;
		}
		/* Room that was taken, and never filled. */
		if (size && (word->kind == RECORD_GAP || !word->kind) && !word->flags && size <= c->end - c->at) {
			c->at += size;
			continue;
		}
		if (size > c->end - c->at && c->is_cut) {
			c->at = c->end;
			continue;
		}
		if (size > c->end - c->at || size < least_size(word->kind) || !word->kind ||
		    ((word->kind == RECORD_CALL || word->kind == RECORD_BEGIN) && !call_is_sound((const void *)word, size))) {
			s->broken += c->end - c->at;
			c->at = c->end;
			continue;
		}
		enum half half = !is_both(word) || (r->whole && may_be_whole(word)) ? HALF_NONE : c->is_begun ? HALF_END : HALF_BEGIN;
		uint64_t time = half == HALF_BEGIN ? ((const struct record_call *)word)->began : time_of(word);
		if (time)
			c->last = time + s->epoch;
		uint64_t later = with_path((const void *)word, c->end - c->at);
		*e = (struct event){c->last, c->sequence, index, (uint32_t)((c->at + later) / 8), later ? HALF_BEGIN : half};
		c->is_begun = half == HALF_BEGIN;
		if (half == HALF_BEGIN)
			return 1;
		s->pathless += word->kind == RECORD_CALL && is_pathless((const void *)word);
		s->records++;
		c->at += size;
		return 1;
	}
}
