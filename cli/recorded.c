/* One record as the printers and the readers of calls want it; see recording.h. */
#include "older_calls.h"
#include "recording.h"

#include <errno.h>
#include <string.h>

/* Answers the printers from what was kept; a piece that was kept whole answers for its parts too. */
static long read_kept(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	const struct recorded_memory *m = (const void *)self;

	for (const char *at = m->kept; (size_t)(m->end - at) >= sizeof(struct record_memory);) {
		const struct record_memory *piece = (const void *)at;
		size_t got = piece->got > 0 ? (size_t)piece->got : 0, room = (size_t)(m->end - at) - sizeof *piece;
		if (got > room || got > piece->size)
			break;
		if (from - piece->address < got) {
			size_t part = got - (from - piece->address) < size ? got - (from - piece->address) : size;
			memcpy(to, (const char *)(piece + 1) + (from - piece->address), part);
			return (long)part;
		}
		if (piece->address == from && piece->size == size)
			return piece->got;
		size_t padded = (got + 7) & ~(size_t)7;
		if (padded > room)
			break;
		at += sizeof *piece + padded;
	}
	return -EFAULT;
}

int recorded_call(const struct source *s, const struct record_word *word, struct text_call *call, struct recorded_memory *memory)
{
	const struct record_call *record = (const void *)word;
	const struct record_coalesced *write = (const void *)word;

	*call = (struct text_call){0};
	*memory = (struct recorded_memory){.memory = {.read = read_kept, .data = s->header->data_limit}};
	if (word->kind == RECORD_COALESCED) {
		*call = (struct text_call){__NR_write, {(uint64_t)(int64_t)write->fd, 8, write->bytes}, write->bytes};
		return s->header->pid;
	}
	unsigned first = record->number == RECORD_CALLS - 1;
	call->number = first ? record->arguments[0] : record->number;
	for (unsigned i = first; i < record->arguments_count && i - first < 6; i++)
		call->arguments[i - first] = record->arguments[i];
	call->result = record->result;
	if (word->flags & RECORD_MEMORY) {
		memory->kept = (const char *)&record->arguments[record->arguments_count];
		memory->end = (const char *)record + (size_t)word->size * 8;
		/* NB: it was sound when it was read first; in a mapping a running program may have written over it since. */
		if (memory->end > s->bytes + s->size && (const char *)record >= s->bytes && (const char *)record < s->bytes + s->size)
			memory->end = s->bytes + s->size;
		if (memory->kept > memory->end)
			memory->kept = memory->end;
	}
	return record->thread;
}

static int is_copy(uint64_t number)
{
	return number == __NR_copy_file_range || number == __NR_splice || number == __NR_sendfile;
}

int call_reads(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);

	return row && (row->flags & CALL_BYTES_IN || is_copy(number));
}

int call_writes(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);

	return row && row->flags & CALL_BYTES_OUT;
}

void call_moved(const struct text_call *call, int *read, int *written)
{
	*read = call->result >= 0 && call_reads(call->number);
	*written = call->result >= (is_copy(call->number) || call->number == __NR_tee) && call_writes(call->number);
}

int recorded_thread(const struct source *s, const struct record_word *word)
{
	switch (word->kind) {
	case RECORD_CALL:
	case RECORD_BEGIN:
		return ((const struct record_call *)word)->thread;
	case RECORD_PLACE:
		return ((const struct record_place *)word)->thread;
	case RECORD_COPY:
		return ((const struct record_copy *)word)->thread;
	case RECORD_BATCH:
		return ((const struct record_batch *)word)->thread;
	case RECORD_SIGNAL:
		return ((const struct record_signal *)word)->thread;
	case RECORD_NOTE:
		return ((const struct record_note *)word)->thread;
	default:
		return s->header->pid;
	}
}

/* Where the place is full the last argument has hardly ended with it. */
const char *recorded_cut(const struct record_header *h)
{
	if (h->arguments_size < sizeof h->arguments)
		return "";
	return h->arguments[sizeof h->arguments - 1] ? "..." : " ...";
}

const char *recorded_text(char *to, size_t size, const char *text, size_t most)
{
	struct text out = {to, to + size - 1, 0};

	text_escaped(&out, text, strnlen(text, most));
	*out.at = 0;
	return to;
}

const char *recorded_end_word(const struct record_header *h)
{
	static const char *const words[] = {"running", "exited", "signalled", "execed", "finished"};

	return words[h->end < sizeof words / sizeof words[0] ? h->end : 0];
}

const char *recorded_end(const struct record_header *h, char to[RECORDED_END])
{
	const char *name = h->end == RECORD_SIGNALLED ? signal_name((unsigned)h->status) : NULL;

	switch (h->end) {
	case RECORD_EXITED:
		snprintf(to, RECORDED_END, "exited with %d", h->status);
		break;
	case RECORD_SIGNALLED:
		snprintf(to, RECORDED_END, "killed by %s", name ? name : "a signal");
		break;
	case RECORD_EXECED:
		snprintf(to, RECORDED_END, "went on as another program");
		break;
	case RECORD_FINISHED:
		snprintf(to, RECORDED_END, "ended");
		break;
	default:
		snprintf(to, RECORDED_END, "without an end: running, or killed");
	}
	return to;
}

/* With RESOLVE_IN_ROOT (openat2(2)). */
static int has_own_root(const struct text_call *call, const struct text_memory *memory)
{
	enum { RESOLVE_AT = 16, IN_ROOT = 0x10 }; /* linux/openat2.h */
	uint64_t resolve;

	return call->number == __NR_openat2 && memory->read(memory, &resolve, call->arguments[2] + RESOLVE_AT, sizeof resolve) == sizeof resolve && resolve & IN_ROOT;
}

const char *recorded_below(const struct text_call *call, const struct text_memory *memory, const char *given, int *folder)
{
	if (!has_own_root(call, memory))
		return given;
	if (text_climbs(given))
		*folder = -1;
	return given + strspn(given, "/");
}

int recorded_open(const struct text_call *call, const struct recorded_memory *memory, uint64_t *flags, int *folder)
{
	*flags = 0;
	*folder = call->number == __NR_openat || call->number == __NR_openat2 ? (int)call->arguments[0] : AT_FDCWD;
	switch (call->number) {
	case __NR_open:
		*flags = call->arguments[1];
		return 1;
	case __NR_creat:
		*flags = O_WRONLY | O_CREAT | O_TRUNC;
		return 1;
	case __NR_openat:
		*flags = call->arguments[2];
		return 1;
	case __NR_openat2:
		if (memory->kept)
			memory->memory.read(&memory->memory, flags, call->arguments[2], sizeof *flags);
		return 1;
	default:
		return 0;
	}
}
