/* The log; see log.h for its rules. Lines are composed in the process's own buffer, never on the program's stack, under a lock that
 * is taken with signals blocked. */
#include "log.h"
#include "process.h"
#include "room.h"
#include "birth_stderr.h"
#include "../../format/json.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

struct kernel_siginfo { /* the part that every signal has, and SI_USER's (asm-generic/siginfo.h) */
	int32_t signal, error, code, padding;
	int32_t pid, uid;
};

static long read_memory(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	(void)self;
	return memory_read(to, from, size);
}

static struct text_memory program_memory(void)
{
	return (struct text_memory){read_memory, settings.data};
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
	if (!lost)
		return;
	for (uint32_t i = 0; i < size; i++)
		p->tally.log_dropped += log->buffer[i] == '\n';
	log->open_ticket = 0;
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
	if (at_once || log->pending >= LOG_PUBLISH || now - log->published_at > LOG_PATIENCE || settings.log == OUTPUT_STDERR)
		publish_locked(p, now);
}

/* A line of JSON is a whole call. Only an exec, which may not come back, has one when it begins. */
static void json_line(struct process *p, const struct text_call *call, struct json_call *about, uint64_t began, uint64_t now)
{
	struct text_memory memory = program_memory();
	uint64_t mask;

	if (!process_lock(p, &p->log.lock, &mask)) {
		counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	struct text out = line_room(p, began);
	out.end -= PATH_LIMIT + 1;
	about->pid = p->sealed || !p->suspect ? p->pid : (int)RAW(__NR_getpid);
	about->tid = p->sealed ? p->pid : (int)RAW(__NR_gettid);
	about->start = began ? began + p->log.epoch : p->log.last;
	p->log.last = about->start;
	about->count = 1;
	about->path = text_call_path(call, &memory, out.end, PATH_LIMIT + 1);
	json_call_line(&out, about, call, &memory);
	line_end(p, &out, now, about->unfinished);
	lock_release(&p->log.lock, &mask);
}

void log_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	struct text_memory memory = program_memory();
	uint64_t mask;

	if (settings.recording) {
		recording_begin(p, call, ticket);
		return;
	}
	if (settings.log_format == LOG_JSON) {
		if (call->number == __NR_execve || call->number == __NR_execveat)
			json_line(p, call, &(struct json_call){.unfinished = 1}, ticket->began, ticket->began);
		return;
	}
	/* On a terminal or a pipe that others write too, half lines would only be torn. */
	if (settings.log == OUTPUT_STDERR || !process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, ticket->began);
	ticket->printed = text_call_enter(&out, call, &memory);
	ticket->serial = p->log.open_ticket = ++p->log.tickets;
	line_end(p, &out, ticket->began, 1);
	lock_release(&p->log.lock, &mask);
}

void log_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	struct text_memory memory = program_memory();
	unsigned printed = ticket->printed;
	uint64_t mask;

	if (settings.recording) {
		recording_call(p, call, ticket, now, 0);
		return;
	}
	if (settings.log_format == LOG_JSON) {
		json_line(p, call, &(struct json_call){.duration = settings.timing && now > ticket->began ? now - ticket->began : 0}, ticket->began, now);
		return;
	}
	if (!process_lock(p, &p->log.lock, &mask)) {
		counter_add(&p->tally.log_dropped, 1, 1);
		return;
	}
	struct text out;
	if (ticket->serial && ticket->serial == p->log.open_ticket) {
		if (p->log.pending > LOG_PENDING - LOG_LINE)
			publish_locked(p, now);
		out = (struct text){p->log.buffer + p->log.pending, p->log.buffer + p->log.pending + LOG_LINE, 0};
		p->log.open_ticket = 0;
	} else {
		out = line_begin(p, ticket->began);
		if (ticket->serial)
			text_call_resumed(&out, call);
		else
			printed = text_call_enter(&out, call, &memory);
	}
	text_call_leave(&out, call, printed, &memory);
	if (settings.timing && now) {
		text_string(&out, " <");
		text_seconds(&out, now - ticket->began);
		text_char(&out, '>');
	}
	text_char(&out, '\n');
	line_end(p, &out, now, 0);
	lock_release(&p->log.lock, &mask);
}

void log_coalesced(struct process *p, const struct text_call *call)
{
	struct text_memory memory = program_memory();
	uint64_t mask;

	if (settings.recording) {
		recording_coalesced(p, call);
		return;
	}
	if (settings.log_format == LOG_JSON) {
		json_line(p, call, &(struct json_call){.coalesced = 1}, 0, p->log.published_at);
		return;
	}
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

void log_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, unsigned end, uint64_t began)
{
	uint64_t mask, now = clock_monotonic();

	if (settings.recording) {
		recording_batch(p, fd, writes, bytes, batch_end_word(end), began, now);
		return;
	}
	if (settings.log_format == LOG_JSON || !process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_batch_line(&out, fd, writes, bytes, batch_end_word(end), began ? now - began : 0);
	line_end(p, &out, now, 0);
	lock_release(&p->log.lock, &mask);
}

void log_note(struct process *p, const char *note)
{
	uint64_t mask, now = clock_monotonic();

	if (!p->log.on)
		return;
	if (settings.recording) {
		recording_note(p, note, now);
		return;
	}
	if (settings.log_format == LOG_JSON || !process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_note_line(&out, note, string_length(note));
	line_end(p, &out, now, 1);
	lock_release(&p->log.lock, &mask);
}

void log_signal(struct process *p, int signal, const void *information)
{
	const struct kernel_siginfo *about = information;
	uint64_t mask, now = clock_monotonic();

	if (!p->log.on)
		return;
	if (settings.recording) {
		recording_signal(p, signal, about->code, about->pid, about->uid, now);
		return;
	}
	if (settings.log_format == LOG_JSON || !process_lock(p, &p->log.lock, &mask))
		return;
	struct text out = line_begin(p, now);
	text_signal_line(&out, signal, about->code, about->pid, about->uid);
	line_end(p, &out, now, 1);
	lock_release(&p->log.lock, &mask);
}

void log_publish(struct process *p)
{
	uint64_t mask;

	if (!p->log.on || settings.recording || !process_lock(p, &p->log.lock, &mask))
		return;
	publish_locked(p, p->sealed ? 0 : clock_monotonic());
	lock_release(&p->log.lock, &mask);
}

void log_trim(struct process *p)
{
	uint64_t mask;

	if (!p->log.on)
		return;
	if (settings.recording) {
		room_trim(p);
		return;
	}
	if (p->log.sink.size == p->log.sink.end || !process_lock(p, &p->log.lock, &mask))
		return;
	sink_cut(&p->log.sink, p->log.sink.end);
	lock_release(&p->log.lock, &mask);
}

void log_state(struct process *p, unsigned end, int status)
{
	/* A vfork child's exec is not its parent's. */
	if (p->log.on && settings.recording && process_is_ours(p))
		recording_state(p, end, status);
}

int log_open(struct process *p)
{
	int result = 0;

	p->log.epoch = clock_realtime() - clock_monotonic();
	if (settings.log == OUTPUT_PATH && settings.recording)
		result = recording_open(p, p->log.epoch);
	else if (settings.log == OUTPUT_PATH)
		result = sink_open(&p->log.sink, settings.log_path, p->pid, inherited.program, !process_is_first(p),
				   !inherited.later_image, LOG_WINDOW);
	p->log.on = settings.log != OUTPUT_OFF && result == 0;
	return result;
}

void log_resume_exec(struct process *p)
{
	uint64_t mask, now = clock_monotonic();
	struct text out;

	if (!p->log.on)
		return;
	if (settings.recording) {
		recording_exec(p, now);
		return;
	}
	if (settings.log_format == LOG_JSON) {
		json_line(p, &(struct text_call){__NR_execve, {0}, 0}, &(struct json_call){.no_arguments = 1}, now, now);
		return;
	}
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
