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

enum { PAGE = 4096, NOT_AGAIN = 256, RECORD_MACHINE = 62 /* EM_X86_64, elf.h */ };

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

/* The chunk behind the one at `offset`, empty and numbered; 0: there is no room. */
static uint64_t next_chunk(struct process *p, uint64_t offset)
{
	struct recording *r = &p->log.recording;
	struct record_header *header = place(p, 0);
	uint64_t at = offset + RECORD_CHUNK;

	if (at >= r->ready && (at - RECORD_DATA) / RECORD_CHUNK < r->chunks && !make_ready(p, at + RECORDING_FIRST)) {
		/* What is there is all that there will be. */
		if (at - RECORD_DATA < 2 * RECORD_CHUNK)
			return 0;
		r->chunks = (uint32_t)((at - RECORD_DATA) / RECORD_CHUNK);
	}
	if ((at - RECORD_DATA) / RECORD_CHUNK >= r->chunks)
		at = RECORD_DATA;
	struct record_chunk *chunk = place(p, at);
	if (chunk->sequence) {
		chunk->sequence = 0;
		header->overwritten += RECORD_CHUNK;
		__atomic_thread_fence(__ATOMIC_RELEASE);
		memset(chunk + 1, 0, (at + RECORD_CHUNK < r->ready ? at + RECORD_CHUNK : r->ready) - at - sizeof *chunk);
	}
	__atomic_store_n(&chunk->sequence, ++r->sequence, __ATOMIC_RELEASE);
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

/* More room for a record that found none at `next`; 1: look again. Signals are blocked. */
static int more_room(struct process *p, uint64_t size)
{
	struct recording *r = &p->log.recording;
	uint64_t next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	uint64_t chunk = chunk_of(next), end = chunk + RECORD_CHUNK;

	if (next + size <= end && next + size <= r->ready)
		return 1;
	if (next + size <= end) {
		uint64_t step = r->ready - chunk < RECORD_CHUNK / 2 ? r->ready - chunk : RECORD_CHUNK / 2;
		uint64_t wanted = r->ready + step < end ? r->ready + step : end;
		if (make_ready(p, wanted < next + size ? end : wanted))
			return 1;
	}
	uint64_t fresh = next_chunk(p, chunk);
	if (!fresh)
		return 0;
	/* Somebody's smaller record may still have found room: it is in front of the place that nobody uses any more. */
	__atomic_store_n(&r->next, fresh + sizeof(struct record_chunk), __ATOMIC_RELEASE);
	return 1;
}

/* Room of `size` bytes, a multiple of 8, all zero; NULL: dropped and counted. Any context. */
static void *reserve(struct process *p, size_t size)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);

	for (;;) {
		if (next + size <= chunk_of(next) + RECORD_CHUNK && next + size <= __atomic_load_n(&r->ready, __ATOMIC_ACQUIRE)) {
			if (__atomic_compare_exchange_n(&r->next, &next, next + size, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				return place(p, next);
			continue;
		}
		int room = 0;
		if ((!r->refused || ++r->refused % NOT_AGAIN == 0) && take(p, &r->lock, &mask)) {
			room = more_room(p, size);
			r->refused = room ? 0 : r->refused + !r->refused;
			give(p, &r->lock, &mask);
		}
		if (!room)
			break;
		next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	}
	counter_add(&p->tally.log_dropped, 1, 1);
	__atomic_store_n(&((struct record_header *)place(p, 0))->dropped, p->tally.log_dropped, __ATOMIC_RELAXED);
	return NULL;
}

static void commit(void *record, size_t size, unsigned kind, unsigned flags)
{
	union {
		struct record_word word;
		uint32_t whole;
	} first = {{(uint16_t)(size / 8), (uint8_t)kind, (uint8_t)flags}};

	__atomic_store_n((uint32_t *)record, first.whole, __ATOMIC_RELEASE);
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

/* Does printing this call read the program's memory? */
static int reads_memory(const struct syscall_row *row)
{
	for (unsigned i = 0; row && i < 6; i++)
		switch (row->kinds[i]) {
		case ARG_IN_BUFFER:
		case ARG_OUT_BUFFER:
			if (settings.data)
				return 1;
			break;
		case ARG_PATH:
		case ARG_STRING:
		case ARG_OUT_PATH:
		case ARG_IOV_IN:
		case ARG_IOV_OUT:
		case ARG_ARGV:
		case ARG_ENVP:
		case ARG_SIGSET:
		case ARG_SOCKADDR:
			return 1;
		default:
			break;
		}
	return 0;
}

struct about {
	const struct text_call *call;
	unsigned kind, flags;
	uint32_t serial;
	uint64_t began, duration;
};

static void put_call(struct process *p, const struct about *about, const char *memory, size_t memory_size)
{
	const struct text_call *call = about->call;
	const struct syscall_row *row = syscall_row(call->number);
	unsigned count = 0, unknown = call->number >= RECORD_CALLS - 1;

	while (count < 6 && (!row || row->kinds[count] != ARG_NONE))
		count++;
	size_t head = sizeof(struct record_call) + (count + unknown) * sizeof(uint64_t);
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
	if (memory_size)
		memcpy((char *)record + head, memory, memory_size);
	commit(record, head + memory_size, about->kind, about->flags | (memory_size ? RECORD_MEMORY : 0));
}

/* With what lies in memory. The log's buffer is the place to work in: its first part for the corner, the second for what is kept. */
static void put_call_and_memory(struct process *p, const struct about *about, int leave)
{
	char *kept = p->log.buffer + LOG_LINE;
	struct keeper keeper = {{read_and_keep, settings.data}, kept, kept + LOG_PENDING - LOG_LINE};
	struct text out = {p->log.buffer, kept, 0};
	uint64_t mask;

	_Static_assert(LOG_LINE % 8 == 0 && LOG_PENDING - LOG_LINE + sizeof(struct record_call) + 7 * sizeof(uint64_t) <= RECORD_LARGEST, "");
	if (p->sealed || !take(p, &p->log.lock, &mask)) {
		put_call(p, about, NULL, 0);
		return;
	}
	unsigned printed = text_call_enter(&out, about->call, &keeper.memory);
	if (leave)
		text_call_leave(&out, about->call, printed, &keeper.memory);
	put_call(p, about, kept, (size_t)(keeper.at - kept));
	give(p, &p->log.lock, &mask);
}

static void put(struct process *p, const struct about *about, int leave)
{
	if (reads_memory(syscall_row(about->call->number)))
		put_call_and_memory(p, about, leave);
	else
		put_call(p, about, NULL, 0);
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
	commit(record, sizeof *record, RECORD_COALESCED, RECORD_GATHERED);
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
	commit(record, sizeof *record, RECORD_BATCH, 0);
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
	commit(record, sizeof *record, RECORD_NOTE, 0);
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
	commit(record, sizeof *record, RECORD_SIGNAL, 0);
}

void recording_exec(struct process *p, uint64_t now)
{
	struct text_call call = {__NR_execve, {0}, 0};
	struct about about = {&call, RECORD_CALL, RECORD_RESUMED, 0, now, 0};

	put_call(p, &about, NULL, 0);
}

void recording_reserve(struct process *p, uint64_t bytes)
{
	struct recording *r = &p->log.recording;
	uint64_t mask, next, end;

	if (!take(p, &r->lock, &mask))
		return;
	next = __atomic_load_n(&r->next, __ATOMIC_RELAXED);
	end = chunk_of(next) + (next + bytes > chunk_of(next) + RECORD_CHUNK ? (bytes + 2 * RECORD_CHUNK - 1) / RECORD_CHUNK : 1) * RECORD_CHUNK;
	if (end > r->ready && end <= RECORD_DATA + (uint64_t)r->chunks * RECORD_CHUNK)
		make_ready(p, end);
	give(p, &r->lock, &mask);
}

static void copy_text(char *to, size_t size, const char *from)
{
	struct text out = {to, to + size - 1, 0};

	text_string(&out, from);
	*out.at = 0;
}

void recording_state(struct process *p, unsigned end, int status)
{
	struct record_header *h = place(p, 0);
	struct record_counter *counters = place(p, RECORD_COUNTERS);
	const struct batches *b = &p->batches;

	for (unsigned i = 0; i < RECORD_CALLS; i++)
		if (p->counters[i].calls)
			memcpy(&counters[i], &p->counters[i], sizeof counters[i]);
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
	if (r->next < r->ready && r->ready - r->next <= RECORD_CHUNK && r->ready == p->log.sink.size) {
		r->ready = r->next;
		sink_shorten(&p->log.sink, r->next);
	}
	give(p, &r->lock, &mask);
}

/* The command line as the kernel has it: the program may have written over its own. */
static void describe(struct process *p, struct record_header *h)
{
	long fd = RAW(__NR_open, "/proc/self/cmdline", 0 /* O_RDONLY */ | 02000000 /* O_CLOEXEC */);
	long got = is_error(fd) ? -1 : RAW(__NR_read, fd, h->arguments, sizeof h->arguments);

	if (!is_error(fd))
		RAW(__NR_close, fd);
	h->arguments_size = got > 0 ? (uint32_t)got : 0;
	got = RAW(__NR_getcwd, h->directory, sizeof h->directory);
	if (is_error(got) || h->directory[0] != '/')
		h->directory[0] = 0;
	copy_text(h->program, sizeof h->program, inherited.program);
	h->pid = p->pid;
	h->parent = (int32_t)RAW(__NR_getppid);
	h->recording_pid = inherited.recording_pid;
	h->later_image = inherited.later_image;
	h->data_limit = settings.data;
	for (unsigned i = 0; i < RECORD_CALLS / 64; i++)
		h->trace[i] = settings.trace[i];
}

static int folder_and_name(struct process *p)
{
	struct sink *sink = &p->log.sink;
	int result = sink_expand(sink->path, settings.log_path, inherited.recording_pid, inherited.program, 0);

	if (result)
		return result;
	/* There already, in all but the first: open says what is wrong. */
	RAW(__NR_mkdir, sink->path, 0700);
	struct text out = {sink->path + string_length(sink->path), sink->path + PATH_LIMIT - 1, 0};
	text_char(&out, '/');
	text_decimal(&out, p->pid);
	text_char(&out, '-');
	text_hex(&out, clock_monotonic());
	text_string(&out, ".rec");
	*out.at = 0;
	return out.cut ? -ENAMETOOLONG : 0;
}

int recording_open(struct process *p, uint64_t epoch)
{
	struct recording *r = &p->log.recording;
	int result = folder_and_name(p);

	if (!result)
		result = sink_open_path(&p->log.sink, 1, RECORD_DATA + RECORDING_MOST);
	if (result)
		return result;
	r->chunks = RECORDING_MOST / RECORD_CHUNK;
	if (!make_ready(p, RECORD_DATA + RECORDING_FIRST))
		return -ENOSPC;
	r->next = RECORD_DATA + sizeof(struct record_chunk);
	struct record_header *h = place(p, 0);
	h->version = RECORD_VERSION;
	h->data = RECORD_DATA;
	h->chunk = RECORD_CHUNK;
	h->machine = RECORD_MACHINE;
	h->epoch = epoch;
	h->began = clock_monotonic() + epoch;
	describe(p, h);
	((struct record_chunk *)place(p, RECORD_DATA))->sequence = r->sequence = 1;
	memcpy(h->magic, RECORD_MAGIC, sizeof h->magic);
	return 0;
}
