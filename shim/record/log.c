/* The log: a recording, lines of text, or lines of JSON. Nothing stands on the stack here while one of them works. */
#include "log.h"
#include "audit.h"
#include "left_out.h"
#include "log_lines.h"
#include "plain.h"
#include "process.h"
#include "room.h"
#include "shape.h"
#include "../sys/clock.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

static int is_json(void)
{
	return settings.log_format == LOG_JSON;
}

/* What was executed an audit must know, and its beginning comes before its end can be told. */
static int is_always_taken(const struct text_call *call)
{
	return settings.recording && !settings.only_failed && (call->number == __NR_execve || call->number == __NR_execveat);
}

/* Is this end one that is asked for? What does not come back (now: 0) is. */
static int is_wanted(const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	int failed = is_failure(call->result);

	if (!settings.by_end || !now || is_always_taken(call))
		return 1;
	return !(settings.only_good && failed) && !(settings.only_failed && !failed) && clock_from_to(ticket->began, now) >= settings.least;
}

/* NB: functions that hand a call on keep no frame: it would stand on the program's stack. */
static void begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	if (settings.recording)
		recording_begin(p, call, ticket);
	else if (!is_json())
		lines_begin(p, call, ticket);
	else if (call->number == __NR_execve || call->number == __NR_execveat)
		lines_json(p, call, JSON_BEGUN, ticket->began, ticket->began);
	else if (p->log.pending)
		lines_publish(p, &ticket->came);
}

static __attribute__((noinline)) void begin_if_wanted(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	if (settings.excludes_paths && left_out(p, call))
		return;
	if (settings.audit)
		audit_before(p, call);
	begin(p, call, ticket);
}

void log_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	if ((settings.by_end && !is_always_taken(call)) || (settings.audit && !audit_begins(call->number)))
		return;
	if (settings.audit || settings.excludes_paths)
		begin_if_wanted(p, call, ticket);
	else
		begin(p, call, ticket);
}

void log_unseen(struct process *p, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);

	if (!settings.recording || is_error(call->result))
		return;
	if (log_moves(call->number))
		recording_moved(p);
	else if (row && row->flags & CALL_OPENS && recording_copy(p, (int)call->result, -1))
		audit_untold((uint64_t)call->result);
}

static __attribute__((noinline)) void leave_out(struct process *p, const struct text_call *call)
{
	if (trace_set_has(settings.asked, call->number)) {
		counter_add(&p->tally.left_out, 1, 1);
		if (settings.recording)
			recording_left_out(p);
	}
	log_unseen(p, call);
}

static void end_wanted(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	if (!is_wanted(call, ticket, now)) {
		leave_out(p, call);
		return;
	}
	if (settings.recording) {
		recording_call(p, call, ticket, now, ticket->injected);
		/* NB: not in recording_call, which would keep a frame for it (F10_small_stack); so chdir is not quick. */
		if (unlikely(call->number == __NR_chdir) && !call->result)
			recording_climbed(p, call->arguments[0]);
	} else if (is_json()) {
		lines_json(p, call, ticket->injected ? JSON_INJECTED : JSON_ENDED, ticket->began, now);
	} else {
		lines_end(p, call, ticket, now);
	}
}

static __attribute__((noinline)) void end_if_wanted(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	if (!ticket->serial && left_out(p, call))
		leave_out(p, call);
	else
		end_wanted(p, call, ticket, now);
}

static void end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	if (settings.excludes_paths)
		end_if_wanted(p, call, ticket, now);
	else
		end_wanted(p, call, ticket, now);
}

/* No clock was read around a call of which nothing may be wanted. */
static __attribute__((noinline)) void end_in_audit(struct process *p, const struct text_call *call, const struct log_ticket *ticket)
{
	struct log_ticket now = *ticket;

	now.began = clock_monotonic();
	end(p, call, &now, now.began);
}

/* NB order: the audit follows folders and descriptors by what is left out as well. */
static __attribute__((noinline)) void end_if_new(struct process *p, const struct text_call *call, const struct log_ticket *ticket)
{
	if (audit_is_new(p, call, ticket))
		end_in_audit(p, call, ticket);
}

void log_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	if (settings.audit)
		end_if_new(p, call, ticket);
	else
		end(p, call, ticket, now);
}

int log_is_quick(uint32_t number)
{
	const struct syscall_row *row = syscall_row(number);

	if (!settings.recording || settings.by_end || !row || number == __NR_chdir || row->flags & CALL_NORETURN || (settings.excludes_paths && syscall_path_argument(row) >= 0))
		return 0;
	if (settings.audit)
		return !settings.timing && !audit_begins(number);
	return !(row->flags & CALL_BEGINS) || shape_of(number).reads <= READS_PATH;
}

int log_is_plain(uint32_t number)
{
	return !settings.audit && plain_is(number);
}

int log_only_follows(uint32_t number)
{
	return settings.audit && number == __NR_close;
}

void log_quick_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket)
{
	ticket->began = p->log.timed ? clock_monotonic() : 0;
	if (settings.audit || !syscall_is_begun(call->number, call->arguments))
		return;
	recording_begin(p, call, ticket);
	ticket->began = clock_monotonic();
}

void log_quick_end(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now)
{
	if (settings.audit)
		log_end(p, call, ticket, now);
	else
		recording_call(p, call, ticket, now, 0);
}

void log_coalesced(struct process *p, const struct text_call *call)
{
	/* It has succeeded, and took no time. */
	if (settings.only_failed || settings.least)
		return;
	if (settings.recording)
		recording_coalesced(p, call);
	else if (is_json())
		lines_json(p, call, JSON_COALESCED, 0, p->log.published_at);
	else
		lines_coalesced(p, call);
}

void log_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, unsigned end, uint64_t began)
{
	if (settings.audit)
		return;
	uint64_t now = clock_monotonic();
	if (settings.recording)
		recording_batch(p, fd, writes, bytes, batch_end_word(end), began, now);
	else if (!is_json())
		lines_batch(p, fd, writes, bytes, batch_end_word(end), began, now);
}

void log_note(struct process *p, const char *note)
{
	uint64_t now = clock_monotonic();

	if (p->log.on && settings.recording)
		recording_note(p, note, now);
	else if (p->log.on && !is_json())
		lines_note(p, note, now);
	else if (p->log.on)
		lines_publish(p, NULL);
}

void log_signal(struct process *p, int signal, const void *information)
{
	const struct kernel_siginfo *about = information;
	uint64_t now = clock_monotonic();

	if (p->log.on && settings.recording)
		recording_signal(p, signal, about->code, about->pid, about->uid, now);
	else if (p->log.on && !is_json())
		lines_signal(p, signal, about, now);
	else if (p->log.on)
		lines_publish(p, NULL);
}

void log_publish(struct process *p)
{
	if (p->log.on && !settings.recording)
		lines_publish(p, NULL);
}

void log_trim(struct process *p)
{
	if (p->log.on && settings.recording)
		room_trim(p);
	else if (p->log.on)
		lines_trim(p);
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

	/* NB: a new process has nothing here yet, and none of the page. */
	if (settings.log == OUTPUT_OFF)
		return 0;
	p->log.epoch = clock_epoch();
	if (settings.log == OUTPUT_PATH && settings.recording)
		result = recording_open(p, p->log.epoch);
	else if (settings.log == OUTPUT_PATH)
		result = sink_open(&p->log.sink, settings_log_path, p->pid, !process_is_first(p),
				   !inherited.later_image, &inherited.log_again, LOG_WINDOW);
	p->log.on = settings.log != OUTPUT_OFF && result == 0;
	p->log.timed = p->log.on && (!settings.audit || (settings.timing && !settings.recording));
	p->log.quick = settings.recording && !settings.data && !settings.by_end && log_wants(__NR_write);
	return result;
}

void log_resume_exec(struct process *p)
{
	static const struct text_call exec = {.number = __NR_execve};
	uint64_t now = clock_monotonic();

	if (settings.by_end && !is_always_taken(&exec))
		return;
	if (p->log.on && settings.recording)
		recording_exec(p, now);
	else if (!log_wants(__NR_execve) && !log_wants(__NR_execveat))
		return;
	else if (p->log.on && is_json())
		lines_json(p, &exec, JSON_RESUMED, now, now);
	else if (p->log.on)
		lines_resume_exec(p, now);
}
