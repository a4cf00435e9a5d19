/* The log as lines; see log.h for its rules. They are composed in the process's own buffer, never on the program's stack, under a lock that is
 * taken with signals blocked. */
#include "log_lines.h"
#include "process.h"
#include "birth_stderr.h"
#include "../../format/json.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

static long read_memory(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	(void)self;
	return memory_read(to, from, size);
}

struct text_memory lines_memory(void)
{
	return (struct text_memory){.read = read_memory, .data = settings.data, .spare = TEXT_SPARE};
}

static void publish_locked(struct process *p, uint64_t now)
{
	struct log *log = &p->log;
	uint32_t size = log->pending;

	log->pending = 0;
	log->published_at = now;
	if (!size)
		return;
	int lost = settings.log == OUTPUT_STDERR ? birth_stderr_write(log->buffer, size) : sink_append(&log->sink, log->buffer, size);
	if (!lost) {
		log->is_half = log->buffer[size - 1] != '\n';
		return;
	}
	for (uint32_t i = 0; i < size; i++)
		p->tally.log_dropped += log->buffer[i] == '\n';
	/* What the file ends with is closed by the next line, and is nobody's to go on with: what it had to say is lost. */
	log->open_ticket = log->is_half ? ++log->tickets : 0;
}

/* Where the next line is written. The caller gives back how far it came. */
static struct text line_room(struct process *p, uint64_t at)
{
	struct log *log = &p->log;

	if (log->pending > LOG_PENDING - LOG_LINE)
		publish_locked(p, at);
	return (struct text){log->buffer + log->pending, log->buffer + log->pending + LOG_LINE, 0};
}

/* The same with a line's head; closes what stands open. */
static struct text line_begin(struct process *p, uint64_t at)
{
	struct log *log = &p->log;
	struct text out = line_room(p, at);

	if (log->open_ticket)
		text_string(&out, " <unfinished ...>\n");
	log->open_ticket = 0;
	text_decimal(&out, p->sealed ? p->pid : RAW(__NR_gettid));
	text_char(&out, ' ');
	text_seconds(&out, at ? at + log->epoch : log->last);
	text_char(&out, ' ');
	if (at)
		log->last = at + log->epoch;
	return out;
}

static void line_end(struct process *p, struct text *out, uint64_t now, int at_once)
{
	struct log *log = &p->log;

	log->pending = (uint32_t)(out->at - log->buffer);
	if (at_once || log->pending >= LOG_PUBLISH || clock_from_to(log->published_at, now) > LOG_PATIENCE || settings.log == OUTPUT_STDERR)
		publish_locked(p, now);
}

/* Behind the line in the buffer: what would else stand on the program's stack. */
struct json_work {
	struct json_call about;
	struct text_memory memory;
	struct text out;
	char path[PATH_LIMIT + 1];
};

static __attribute__((noinline)) void json_compose(struct process *p, const struct text_call *call, enum json_kind kind, struct json_work *w)
{
	w->about.unfinished = kind == JSON_BEGUN;
	w->about.no_arguments = kind == JSON_RESUMED;
	w->about.coalesced = kind == JSON_COALESCED;
	w->about.injected = kind == JSON_INJECTED;
	w->about.count = 1;
	w->about.pid = p->sealed || !p->suspect ? p->pid : (int)RAW(__NR_getpid);
	w->about.tid = p->sealed ? p->pid : (int)RAW(__NR_gettid);
	p->log.last = w->about.start;
	w->memory = lines_memory();
	w->about.path = text_call_path(call, &w->memory, w->path, sizeof w->path);
	json_call_line(&w->out, &w->about, call, &w->memory);
}

/* Room for a line, with the work behind it: nothing of it stands on the program's stack while the line is composed. */
static __attribute__((noinline)) struct json_work *json_room(struct process *p, uint64_t at)
{
	struct text out = line_room(p, at);
	struct json_work *w = (struct json_work *)((uintptr_t)(out.end - sizeof *w) & ~(uintptr_t)7);

	w->out = (struct text){out.at, (char *)w, 0};
	return w;
}

/* A line of JSON is a whole call. Only an exec, which may not come back, has one when it begins. */
void lines_json(struct process *p, const struct text_call *call, enum json_kind kind, uint64_t began, uint64_t now)
{
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask)) {
		counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	struct json_work *w = json_room(p, began);
	w->about.start = began ? began + p->log.epoch : p->log.last;
	w->about.duration = settings.timing && kind <= JSON_INJECTED ? clock_from_to(began, now) : 0;
	json_compose(p, call, kind, w);
	line_end(p, &w->out, now, kind == JSON_BEGUN);
	lock_release(&p->log.lock, &mask);
}

void lines_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	struct text_memory memory = lines_memory();
	uint64_t mask;

	/* On a terminal or a pipe that others write too, half lines would only be torn. */
	if (settings.log == OUTPUT_STDERR || !process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, ticket->began);
	ticket->printed = text_call_enter(&out, call, &memory);
	ticket->serial = p->log.open_ticket = ++p->log.tickets;
	line_end(p, &out, ticket->began, 1);
	process_release_before(p, &p->log.lock, &mask, &ticket->came);
}

void lines_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	struct text_memory memory = lines_memory();
	unsigned printed = ticket->printed;
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask)) {
		counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	struct text out;
	if (ticket->serial && ticket->serial == p->log.open_ticket) {
		out = line_room(p, now);
		p->log.open_ticket = 0;
	} else {
		/* A resumed line's time is when the call came back. */
		out = line_begin(p, ticket->serial && now ? now : ticket->began);
		if (ticket->serial)
			text_call_resumed(&out, call);
		else
			printed = text_call_enter(&out, call, &memory);
	}
	text_call_leave(&out, call, printed, &memory);
	text_injected(&out, ticket->injected & RECORD_INJECTED, ticket->injected & RECORD_DELAYED);
	if (settings.timing && now) {
		text_string(&out, " <");
		text_seconds(&out, clock_from_to(ticket->began, now));
		text_char(&out, '>');
	}
	text_char(&out, '\n');
	line_end(p, &out, now, 0);
	lock_release(&p->log.lock, &mask);
}

void lines_coalesced(struct process *p, const struct text_call *call)
{
	struct text_memory memory = lines_memory();
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask)) {
		counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	struct text out = line_begin(p, 0);
	text_call_leave(&out, call, text_call_enter(&out, call, &memory), &memory);
	text_string(&out, " <coalesced>\n");
	line_end(p, &out, p->log.published_at, 0);
	lock_release(&p->log.lock, &mask);
}

void lines_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t began, uint64_t now)
{
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_batch_line(&out, fd, writes, bytes, ended_by, began ? clock_from_to(began, now) : 0);
	line_end(p, &out, now, 0);
	lock_release(&p->log.lock, &mask);
}

void lines_note(struct process *p, const char *note, uint64_t now)
{
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_note_line(&out, note, string_length(note));
	line_end(p, &out, now, 1);
	lock_release(&p->log.lock, &mask);
}

void lines_signal(struct process *p, int signal, const struct kernel_siginfo *about, uint64_t now)
{
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_signal_line(&out, signal, about->code, about->pid, about->uid);
	line_end(p, &out, now, 1);
	lock_release(&p->log.lock, &mask);
}

void lines_publish(struct process *p, uint64_t *came)
{
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	publish_locked(p, p->sealed ? 0 : clock_monotonic());
	process_release_before(p, &p->log.lock, &mask, came);
}

void lines_trim(struct process *p)
{
	uint64_t mask;

	if (p->log.sink.size == p->log.sink.end || !process_lock(p, &p->log.lock, &mask))
		return;
	sink_cut(&p->log.sink, p->log.sink.end);
	lock_release(&p->log.lock, &mask);
}

void lines_resume_exec(struct process *p, uint64_t now)
{
	uint64_t mask;
	struct text out;

	if (!process_lock(p, &p->log.lock, &mask))
		return;
	if (sink_ends_open(&p->log.sink)) {
		out = (struct text){p->log.buffer, p->log.buffer + LOG_LINE, 0};
	} else {
		out = line_begin(p, now);
		text_string(&out, "<... execve resumed>");
	}
	text_string(&out, ") = 0\n");
	line_end(p, &out, now, 1);
	lock_release(&p->log.lock, &mask);
}
