/* The recording; see recording.h for its rules and include/sysshim/record.h for the format. */
#include "recording.h"
#include "process.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../sys/thread.h"

#include <linux/mman.h>

#include "../sys/poison.h"

#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096, NOT_AGAIN = 256, LONG_PASSED = 4096, PATIENCE = 64, BUSY = -1, RECORD_MACHINE = 62 /* EM_X86_64, elf.h */ };

static void *place(const struct process *p, uint64_t offset)
{
	return p->log.sink.window + (offset - p->log.sink.base);
}

/* Of a place for a record, which is never a chunk's first byte: at its end a full chunk is still that chunk. */
static uint64_t chunk_of(uint64_t next)
{
	return next - 1 - (next - 1 - RECORD_DATA) % RECORD_CHUNK;
}

/* The pages up to file offset `end` are there: 1, or 0. Before Linux 5.14 the kernel's own copy finds out whether they can be. */
static int make_ready(struct process *p, uint64_t end)
{
	struct recording *r = &p->log.recording;
	uint64_t from = r->ready & ~(uint64_t)(PAGE - 1);
	static const char zeros[64];

	if (p->sealed || p->log.sink.frozen || sink_lengthen(&p->log.sink, end))
		return 0;
	long result = RAW(__NR_madvise, place(p, from), end - from, MADV_POPULATE_WRITE);
	for (uint64_t at = r->ready; result == -EINVAL && at < end; at += PAGE - at % PAGE)
		if (memory_write(place(p, at), zeros, 1) != 1)
			result = -EFAULT;
	if (result != 0 && result != -EINVAL) {
		sink_shorten(&p->log.sink, r->ready);
		return 0;
	}
	r->ready = end;
	return 1;
}

enum { KEPT_MOST = RECORDING_MOST / RECORD_CHUNK, KEPT_AT_ONCE = 8 };

static uint64_t kept_place(uint64_t sequence)
{
	return RECORD_DATA + (RECORD_STAGING + (sequence - 1) % KEPT_MOST) * (uint64_t)RECORD_CHUNK;
}

/* The full chunk goes where it stays. */
static void keep(struct process *p, const struct record_chunk *chunk)
{
	struct record_header *header = place(p, 0);
	uint64_t to = kept_place(chunk->sequence);
	int room = !p->sealed && (to + RECORD_CHUNK <= p->log.sink.size || !sink_lengthen(&p->log.sink, to + KEPT_AT_ONCE * RECORD_CHUNK) ||
				  !sink_lengthen(&p->log.sink, to + RECORD_CHUNK));

	if (!room || memory_write(place(p, to), chunk, RECORD_CHUNK) != RECORD_CHUNK)
		header->overwritten += RECORD_CHUNK;
	else if (chunk->sequence > KEPT_MOST)
		header->overwritten += RECORD_CHUNK;
	else
		p->log.recording.kept = (uint32_t)chunk->sequence;
}

static unsigned index_of(uint64_t offset)
{
	return (unsigned)((offset - RECORD_DATA) / RECORD_CHUNK);
}

/* A full chunk that somebody still writes into is passed over. One whose writer never came back (a handler jumped away from it) is not
 * waited for for ever. */
static int is_free(struct process *p, unsigned i)
{
	struct recording *r = &p->log.recording;

	return r->reserved[i] == __atomic_load_n(&r->committed[i], __ATOMIC_ACQUIRE) || r->passed > LONG_PASSED;
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
	uint64_t at = RECORD_DATA + i * (uint64_t)RECORD_CHUNK;

	if (i < r->staging && at >= r->ready && !make_ready(p, at + RECORDING_FIRST)) {
		if (i < 2)
			return 0;
		/* What is there is all that there will be. */
		r->staging = i;
	}
	for (i %= r->staging; i != from && !is_free(p, i); i = (i + 1) % r->staging)
		;
	if (i == from) {
		r->passed++;
		return 0;
	}
	r->passed = 0;
	at = RECORD_DATA + i * (uint64_t)RECORD_CHUNK;
	empty(p, place(p, at), at);
	return at;
}

static int take(struct process *p, struct lock *lock, uint64_t *mask)
{
	uint32_t none = 0;

	if (!p->sealed)
		return lock_take(lock, mask);
	return __atomic_compare_exchange_n(&lock->taken, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void give(struct process *p, struct lock *lock, const uint64_t *mask)
{
	if (!p->sealed)
		lock_release(lock, mask);
	else
		__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* More room for a record that found none at `next`; 1: look again, 0: there is none, BUSY: all is being written into. Signals are blocked. */
static int more_room(struct process *p, uint64_t size)
{
	struct recording *r = &p->log.recording;
	uint64_t next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	uint64_t chunk = chunk_of(next), end = chunk + RECORD_CHUNK;

	if (next + size <= end && next + size <= r->ready)
		return 1;
	if (next + size <= end) {
		uint64_t wanted = r->ready + RECORDING_FIRST < end ? r->ready + RECORDING_FIRST : end;
		if (make_ready(p, wanted < next + size ? end : wanted))
			return 1;
	}
	uint64_t fresh = next_chunk(p, index_of(chunk));
	if (!fresh)
		return r->passed ? BUSY : 0;
	/* Somebody's smaller record may still have found room meanwhile. */
	while (!__atomic_compare_exchange_n(&r->next, &next, fresh + sizeof(struct record_chunk), 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	r->reserved[index_of(chunk)] = (uint32_t)(next - chunk - sizeof(struct record_chunk));
	return 1;
}

/* A reader knows from here on how long the record will be. */
static void *begin(void *record, size_t size)
{
	__atomic_store_n((uint32_t *)record, (uint32_t)(size / 8), __ATOMIC_RELAXED);
	return record;
}

/* Room of `size` bytes, a multiple of 8, all zero; NULL: dropped and counted. Any context. */
static void *reserve(struct process *p, size_t size)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);

	for (int turn = 0;; turn++) {
		if (next + size <= chunk_of(next) + RECORD_CHUNK && next + size <= __atomic_load_n(&r->ready, __ATOMIC_ACQUIRE)) {
			if (__atomic_compare_exchange_n(&r->next, &next, next + size, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				return begin(place(p, next), size);
			continue;
		}
		int room = 0;
		if ((!r->refused || ++r->refused % NOT_AGAIN == 0) && take(p, &r->lock, &mask)) {
			room = more_room(p, size);
			r->refused = room ? 0 : 1;
			give(p, &r->lock, &mask);
		}
		if (room == BUSY && turn < PATIENCE && !p->sealed)
			RAW(__NR_sched_yield);
		else if (room <= 0)
			break;
		next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	}
	counter_add(&p->tally.log_dropped, 1, 1);
	__atomic_store_n(&((struct record_header *)place(p, 0))->dropped, p->tally.log_dropped, __ATOMIC_RELAXED);
	return NULL;
}

static void commit(struct process *p, void *record, size_t size, unsigned kind, unsigned flags)
{
	union {
		struct record_word word;
		uint32_t whole;
	} first = {{(uint16_t)(size / 8), (uint8_t)kind, (uint8_t)flags}};
	uint32_t *committed = &p->log.recording.committed[index_of((uint64_t)((char *)record - p->log.sink.window) + p->log.sink.base)];

	__atomic_store_n((uint32_t *)record, first.whole, __ATOMIC_RELEASE);
	__atomic_fetch_add(committed, (uint32_t)size, __ATOMIC_RELEASE);
}

/* The only thread is the process; a vfork child and many threads ask the kernel, which their thread pointer spares them the next time. */
static int32_t thread_of(struct process *p)
{
	if (p->sealed || (!p->threads && !p->suspect))
		return p->pid;
	uint64_t pointer = thread_pointer();
	unsigned slot = (unsigned)(pointer >> 6 ^ pointer >> 12 ^ pointer >> 20) % RECORDING_THREADS;
	int32_t known = __atomic_load_n(&p->log.recording.threads[slot].thread, __ATOMIC_ACQUIRE);
	if (pointer && !p->suspect && known && __atomic_load_n(&p->log.recording.threads[slot].pointer, __ATOMIC_ACQUIRE) == pointer &&
	    known == __atomic_load_n(&p->log.recording.threads[slot].thread, __ATOMIC_ACQUIRE))
		return known;
	int32_t thread = (int32_t)RAW(__NR_gettid);
	if (pointer && !p->suspect) {
		__atomic_store_n(&p->log.recording.threads[slot].thread, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&p->log.recording.threads[slot].pointer, pointer, __ATOMIC_RELEASE);
		__atomic_store_n(&p->log.recording.threads[slot].thread, thread, __ATOMIC_RELEASE);
	}
	return thread;
}

void recording_forget_threads(struct process *p)
{
	for (unsigned i = 0; i < RECORDING_THREADS; i++)
		__atomic_store_n(&p->log.recording.threads[i].thread, 0, __ATOMIC_RELEASE);
}

/* The printers of format/ ask for what they need of the program's memory, so they are what tells us what a reader will want: they print
 * into a corner that nobody reads, and what they were given is kept. */
struct keeper {
	struct text_memory memory;
	char *at, *end;
};

static long read_and_keep(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	struct keeper *keeper = (struct keeper *)self;
	long got = memory_read(to, from, size);
	size_t bytes = got > 0 ? (size_t)got : 0, padded = (bytes + 7) & ~(size_t)7;

	if ((size_t)(keeper->end - keeper->at) < sizeof(struct record_memory) + padded)
		return got;
	*(struct record_memory *)keeper->at = (struct record_memory){from, (uint32_t)size, (int32_t)got};
	memcpy(keeper->at + sizeof(struct record_memory), to, bytes);
	memset(keeper->at + sizeof(struct record_memory) + bytes, 0, padded - bytes);
	keeper->at += sizeof(struct record_memory) + padded;
	return got;
}

/* What printing a call reads of the program's memory. */
enum reads { READS_NOTHING, READS_PATH, READS_MORE };

static enum reads reads_of(const struct syscall_row *row, unsigned *path)
{
	enum reads reads = READS_NOTHING;

	for (unsigned i = 0; row && i < 6; i++)
		switch (row->kinds[i]) {
		case ARG_PATH:
			if (reads)
				return READS_MORE;
			reads = READS_PATH;
			*path = i;
			break;
		case ARG_IN_BUFFER:
		case ARG_OUT_BUFFER:
			if (settings.data)
				return READS_MORE;
			break;
		case ARG_STRING:
		case ARG_OUT_PATH:
		case ARG_IOV_IN:
		case ARG_IOV_OUT:
		case ARG_ARGV:
		case ARG_ENVP:
		case ARG_SIGSET:
		case ARG_SOCKADDR:
			return READS_MORE;
		default:
			break;
		}
	return reads;
}

struct about {
	const struct text_call *call;
	unsigned kind, flags;
	uint32_t serial;
	uint64_t began, duration;
};

/* Pieces as they stand in a record; or with an address, a string of the program. */
struct kept {
	const char *at;
	uint64_t address;
	size_t size;
};

static void put_call(struct process *p, const struct about *about, const struct kept *kept)
{
	const struct text_call *call = about->call;
	const struct syscall_row *row = syscall_row(call->number);
	unsigned count = 0, unknown = call->number >= RECORD_CALLS - 1;

	while (count < 6 && (!row || row->kinds[count] != ARG_NONE))
		count++;
	size_t head = sizeof(struct record_call) + (count + unknown) * sizeof(uint64_t);
	size_t memory_size = kept->address ? sizeof(struct record_memory) + ((kept->size + 7) & ~(size_t)7) : kept->size;
	struct record_call *record = reserve(p, head + memory_size);
	if (!record)
		return;
	record->number = (uint16_t)(unknown ? RECORD_CALLS - 1 : call->number);
	record->arguments_count = (uint8_t)(count + unknown);
	record->thread = thread_of(p);
	record->serial = about->serial;
	record->began = about->began;
	record->duration = about->duration;
	record->result = call->result;
	if (unknown)
		record->arguments[0] = call->number;
	for (unsigned i = 0; i < count; i++)
		record->arguments[i + unknown] = call->arguments[i];
	char *behind = (char *)record + head;
	if (kept->address) {
		*(struct record_memory *)behind = (struct record_memory){kept->address, (uint32_t)kept->size, (int32_t)kept->size};
		behind += sizeof(struct record_memory);
	}
	memcpy(behind, kept->at, kept->size);
	commit(p, record, head + memory_size, about->kind, about->flags | (memory_size ? RECORD_MEMORY : 0));
}

/* With what lies in memory. The log's buffer is the place to work in: its first part for the corner, the second for what is kept. */
static void put_call_and_memory(struct process *p, const struct about *about, int leave)
{
	char *kept = p->log.buffer + LOG_LINE;
	struct keeper keeper = {{read_and_keep, settings.data}, kept, kept + LOG_PENDING - LOG_LINE};
	struct text out = {p->log.buffer, kept, 0};
	uint64_t mask;

	_Static_assert(LOG_LINE % 8 == 0 && LOG_PENDING - LOG_LINE + sizeof(struct record_call) + 7 * sizeof(uint64_t) + sizeof(struct record_chunk) <= RECORD_CHUNK, "");
	if (p->sealed || !take(p, &p->log.lock, &mask)) {
		put_call(p, about, &(struct kept){0});
		return;
	}
	unsigned printed = text_call_enter(&out, about->call, &keeper.memory);
	if (leave)
		text_call_leave(&out, about->call, printed, &keeper.memory);
	put_call(p, about, &(struct kept){kept, 0, (size_t)(keeper.at - kept)});
	give(p, &p->log.lock, &mask);
}

/* The kernel has just read this path, and nobody else is here who could have unmapped it since: it may be read as it stands. These calls
 * read it first of all; other errors may come before that. */
static int was_read(const struct process *p, const struct text_call *call)
{
	switch (call->number) {
#ifdef __NR_open
	case __NR_open:
	case __NR_creat:
	case __NR_stat:
	case __NR_lstat:
	case __NR_access:
	case __NR_unlink:
	case __NR_rmdir:
#endif
	case __NR_openat:
	case __NR_newfstatat:
	case __NR_faccessat:
	case __NR_unlinkat:
	case __NR_chdir:
		return !p->threads && !p->suspect &&
		       (!is_error(call->result) || call->result == -ENOENT || call->result == -ENOTDIR || call->result == -EEXIST || call->result == -EACCES);
	default:
		return 0;
	}
}

/* As much of the path as fits `to`, through the kernel, up to a page's end. */
static size_t path_piece(struct process *p, char *to, size_t size, uint64_t from)
{
	size_t in_page = PAGE - from % PAGE;
	long got = memory_read_in(p->suspect ? (int32_t)RAW(__NR_getpid) : p->pid, to, from, size < in_page ? size : in_page);

	return got > 0 ? (size_t)got : 0;
}

static size_t length_within(const char *s, size_t size)
{
	size_t length = 0;

	while (length < size && s[length])
		length++;
	return length;
}

/* 1: written, with its path. */
static __attribute__((noinline)) int put_call_and_path(struct process *p, const struct about *about, uint64_t from, int leave)
{
	char piece[256];
	const char *path = piece;
	size_t length, most = sizeof piece;

	if (leave && from && was_read(p, about->call)) {
		path = (const char *)from;
		most = PATH_LIMIT;
		length = length_within(path, most);
	} else {
		most = p->sealed ? 0 : path_piece(p, piece, sizeof piece, from);
		length = length_within(piece, most);
	}
	if (length == most)
		return 0;
	put_call(p, about, &(struct kept){path, from, length + 1});
	return 1;
}

static void put(struct process *p, const struct about *about, int leave)
{
	unsigned index = 0;
	enum reads reads = reads_of(syscall_row(about->call->number), &index);

	if (reads == READS_PATH && put_call_and_path(p, about, about->call->arguments[index], leave))
		return;
	if (reads)
		put_call_and_memory(p, about, leave);
	else
		put_call(p, about, &(struct kept){0});
}

void recording_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	uint32_t serial = __atomic_add_fetch(&p->log.recording.serials, 1, __ATOMIC_RELAXED);
	struct about about = {call, RECORD_BEGIN, 0, serial, ticket->began, 0};

	ticket->serial = serial;
	put(p, &about, 0);
}

void recording_call(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned flags)
{
	struct about about = {call, RECORD_CALL, flags | (ticket->serial ? RECORD_RESUMED : 0), (uint32_t)ticket->serial, ticket->began,
			      now > ticket->began ? now - ticket->began : 0};

	put(p, &about, 1);
}

void recording_coalesced(struct process *p, const struct text_call *call)
{
	static const struct log_ticket no_time;

	if (call->number != __NR_write || settings.data) {
		recording_call(p, call, &no_time, 0, RECORD_GATHERED);
		return;
	}
	struct record_coalesced *record = reserve(p, sizeof *record);
	if (!record)
		return;
	record->fd = (int32_t)call->arguments[0];
	record->bytes = (uint32_t)call->result;
	commit(p, record, sizeof *record, RECORD_COALESCED, RECORD_GATHERED);
}

void recording_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t began, uint64_t now)
{
	struct record_batch *record = reserve(p, sizeof *record);

	if (!record)
		return;
	record->thread = thread_of(p);
	record->began = began ? began : now;
	record->duration = began && now > began ? now - began : 0;
	record->fd = fd;
	record->writes = writes;
	record->bytes = bytes;
	struct text out = {record->ended_by, record->ended_by + sizeof record->ended_by - 1, 0};
	text_string(&out, ended_by);
	commit(p, record, sizeof *record, RECORD_BATCH, 0);
}

void recording_note(struct process *p, const char *text, uint64_t now)
{
	struct record_note *record = reserve(p, sizeof *record);

	if (!record)
		return;
	record->thread = thread_of(p);
	record->at = now;
	struct text out = {record->text, record->text + sizeof record->text - 1, 0};
	text_string(&out, text);
	commit(p, record, sizeof *record, RECORD_NOTE, 0);
}

void recording_signal(struct process *p, int signal, int code, int pid, int uid, uint64_t now)
{
	struct record_signal *record = reserve(p, sizeof *record);

	if (!record)
		return;
	record->thread = thread_of(p);
	record->at = now;
	record->signal = signal;
	record->code = code;
	record->pid = pid;
	record->uid = uid;
	commit(p, record, sizeof *record, RECORD_SIGNAL, 0);
}

void recording_exec(struct process *p, uint64_t now)
{
	struct text_call call = {__NR_execve, {0}, 0};
	struct about about = {&call, RECORD_CALL, RECORD_RESUMED, 0, now, 0};

	put_call(p, &about, &(struct kept){0});
}

void recording_reserve(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, end = RECORD_DATA + (uint64_t)r->staging * RECORD_CHUNK;

	if (!take(p, &r->lock, &mask))
		return;
	if (r->ready < end)
		make_ready(p, end);
	give(p, &r->lock, &mask);
}

static void copy_text(char *to, size_t size, const char *from)
{
	struct text out = {to, to + size - 1, 0};

	text_string(&out, from);
	*out.at = 0;
}

static void put_counter(struct process *p, unsigned number)
{
	struct record_counter *record = reserve(p, sizeof *record);
	const struct counter *c = &p->counters[number];

	if (!record)
		return;
	record->number = number;
	record->calls = c->calls;
	record->errors = c->errors;
	record->bytes = c->bytes;
	record->nanoseconds = c->nanoseconds;
	commit(p, record, sizeof *record, RECORD_COUNTER, 0);
}

void recording_state(struct process *p, unsigned end, int status)
{
	struct record_header *h = place(p, 0);
	const struct batches *b = &p->batches;

	for (unsigned i = 0; end != RECORD_RUNNING && i < RECORD_CALLS; i++)
		if (p->counters[i].calls)
			put_counter(p, i);
	h->sites_rewritten = inherited.sites_rewritten;
	h->sites_left = inherited.sites_left;
	h->foreign_rewritten = inherited.foreign_rewritten;
	h->foreign_left = inherited.foreign_left;
	h->rewriting = inherited.rewriting;
	if (inherited.why_not)
		copy_text(h->why_not, sizeof h->why_not, inherited.why_not);
	if (inherited.family) {
		h->forks = inherited.family->forks;
		h->images = inherited.family->images;
		for (unsigned i = 0; i < 3; i++)
			h->not_followed[i] = inherited.family->not_followed[i];
	}
	h->results_unseen = p->tally.unresolved;
	h->batches = b->count;
	h->coalesced = b->writes;
	h->coalesced_bytes = b->bytes;
	h->kernel_entries = b->entries;
	h->lost_bytes = b->lost;
	h->status = status;
	h->ended = end == RECORD_RUNNING ? 0 : clock_monotonic() + h->epoch;
	__atomic_store_n(&h->end, end, __ATOMIC_RELEASE);
}

void recording_trim(struct process *p)
{
	struct recording *r = &p->log.recording;
	uint64_t mask;

	/* Another thread might store behind the new end. */
	if (p->threads || p->sealed || !take(p, &r->lock, &mask))
		return;
	if (r->kept) {
		sink_shorten(&p->log.sink, kept_place(r->kept) + RECORD_CHUNK);
	} else if (r->sequence <= r->staging && r->next < r->ready && r->ready - r->next <= RECORD_CHUNK) {
		r->ready = r->next;
		sink_shorten(&p->log.sink, r->next);
	}
	give(p, &r->lock, &mask);
}

static void describe(struct process *p, struct record_header *h)
{
	long got = RAW(__NR_getcwd, h->directory, sizeof h->directory);

	if (is_error(got) || h->directory[0] != '/')
		h->directory[0] = 0;
	memcpy(h->arguments, inherited.arguments, inherited.arguments_size);
	h->arguments_size = inherited.arguments_size;
	copy_text(h->program, sizeof h->program, inherited.program);
	h->pid = p->pid;
	h->parent = (int32_t)RAW(__NR_getppid);
	h->recording_pid = inherited.recording_pid;
	h->later_image = inherited.later_image;
	h->data_limit = settings.data;
	for (unsigned i = 0; i < RECORD_CALLS / 64; i++)
		h->trace[i] = settings.trace[i];
}

/* Names are new ones: a process number comes again, and one process runs many programs, but not in one nanosecond. */
static int create(struct process *p)
{
	struct sink *sink = &p->log.sink;
	int result = sink_expand(sink->path, settings.log_path, inherited.recording_pid, inherited.program, 0);

	if (result)
		return result;
	char *end = sink->path + string_length(sink->path);
	struct text out = {end, sink->path + PATH_LIMIT - 1, 0};
	text_char(&out, '/');
	text_decimal(&out, p->pid);
	text_char(&out, '-');
	text_hex(&out, clock_monotonic());
	text_string(&out, ".rec");
	*out.at = 0;
	if (out.cut)
		return -ENAMETOOLONG;
	result = sink_create(sink, kept_place(KEPT_MOST) + RECORD_CHUNK);
	if (result != -ENOENT)
		return result;
	*end = 0;
	result = (int)RAW(__NR_mkdir, sink->path, 0700);
	*end = '/';
	return result && result != -EEXIST ? result : sink_create(sink, kept_place(KEPT_MOST) + RECORD_CHUNK);
}

int recording_open(struct process *p, uint64_t epoch)
{
	struct recording *r = &p->log.recording;
	int result = create(p);

	if (result)
		return result;
	r->staging = RECORD_STAGING;
	if (!make_ready(p, RECORD_DATA + RECORDING_FIRST))
		return -ENOSPC;
	r->next = RECORD_DATA + sizeof(struct record_chunk);
	struct record_header *h = place(p, 0);
	h->version = RECORD_VERSION;
	h->data = RECORD_DATA;
	h->chunk = RECORD_CHUNK;
	h->staging = RECORD_STAGING;
	h->machine = RECORD_MACHINE;
	h->epoch = epoch;
	h->began = clock_monotonic() + epoch;
	describe(p, h);
	((struct record_chunk *)place(p, RECORD_DATA))->sequence = r->sequence = 1;
	memcpy(h->magic, RECORD_MAGIC, sizeof h->magic);
	return 0;
}
