/* A look of `sysshim top` as text and as JSON. */
#include "print.h"
#include "top.h"
#include "../format/json.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 16 << 10, HEAD_LINES = 4 };

static double a_second(const struct thread *t, uint64_t value)
{
	return (double)value * SECOND / (double)t->interval;
}

/* Since when it is in what it is in; 0: not known. */
static uint64_t since(const struct thread *t)
{
	return thread_is_in(t) ? t->open_since : t->returned;
}

/* Where it has made calls since the look before, and was in what it is in now less than half of that time, the one call says little. One that has ended is not busy. */
static int is_busy(const struct thread *t, uint64_t now)
{
	return t->calls && t->task.state != 'Z' && now - since(t) <= t->interval / 2;
}

/* What it is in, NUL-terminated. */
static void put_what(char *to, size_t size, const struct thread *t, uint64_t now)
{
	struct text out = {to, to + size - 1, 0};
	int busiest = is_busy(t, now) ? thread_busiest(t) : -1;

	if (t->task.state == 'Z') {
		text_string(&out, "has ended");
	} else if (t->task.state == 'T' || t->task.state == 't') {
		text_string(&out, t->task.state == 'T' ? "stopped" : "stopped by a tracer");
	} else if (busiest >= 0) {
		const struct use *use = &t->by_call[busiest];
		text_row_name(&out, (unsigned)busiest);
		out.at += snprintf(out.at, (size_t)(out.end - out.at), ": %.0f a second, %.0f %% of the time", a_second(t, use->calls), 100 * a_second(t, use->nanoseconds) / SECOND);
	} else if (thread_is_in(t)) {
		task_call_text(&out, &t->task, t->source, t->open);
	} else if (t->task.place == TASK_IN_CALL) {
		task_call_text(&out, &t->task, t->source, NULL);
	} else {
		text_string(&out, t->task.state == 'R' ? "computes" : t->task.place == TASK_SILENT ? "a call that was not recorded" : "no call");
	}
	*out.at = 0;
}

static void put_line(const struct top *top, const char *line, int columns)
{
	if (top->is_terminal)
		printf("%.*s\033[K\n", columns, line);
	else
		puts(line);
}

static void print_thread(const struct top *top, const struct thread *t, int columns)
{
	static char what[LINE], line[LINE + 256];
	char read[32], written[32], time[1 + 32] = "<", name[4 * sizeof t->source->header->program];
	uint64_t now = top->threads.last, from = since(t);

	put_what(what, sizeof what, t, now);
	recorded_text(name, sizeof name, t->tid == t->task.pid ? t->program : t->task.name, t->is_recorded && t->tid == t->task.pid ? sizeof t->source->header->program : sizeof t->task.name);
	if (!from || from > now || is_busy(t, now))
		strcpy(time, "-");
	else
		print_duration(time + !thread_is_in(t), now - from);
	snprintf(line, sizeof line, "%7d %c %5.1f %7.0f %8s %8s %9s %s%.15s: %s", t->tid, t->task.state, 100 * a_second(t, t->cpu) / SECOND, a_second(t, t->calls),
		 print_size(read, (uint64_t)a_second(t, t->read_bytes)), print_size(written, (uint64_t)a_second(t, t->written_bytes)), time, t->tid == t->task.pid ? "" : "  ", name, what);
	put_line(top, line, columns);
}

void top_print(const struct top *top)
{
	struct winsize size = {0};
	time_t seconds = (time_t)(top->threads.last / SECOND);
	unsigned shown = 0, all = HASH_COUNT(top->threads.table), most = all;
	char head[128] = "", path[4200];
	struct tm when;
	int columns = LINE;

	if (top->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		columns = size.ws_col;
		most = size.ws_row > HEAD_LINES + 1 ? (unsigned)size.ws_row - HEAD_LINES : 1;
	}
	if (top->is_terminal)
		fputs("\033[H", stdout);
	if (localtime_r(&seconds, &when))
		strftime(head, sizeof head, "%H:%M:%S", &when);
	recorded_text(path, sizeof path, top->recording.path, strlen(top->recording.path));
	snprintf(head + strlen(head), sizeof head - strlen(head), "  %u program%s, %u thread%s  ", top->threads.running, top->threads.running == 1 ? "" : "s", all, all == 1 ? "" : "s");
	char line[sizeof head + sizeof path];
	snprintf(line, sizeof line, "%s%s", head, path);
	put_line(top, line, columns);
	put_line(top, "    TID S  %CPU CALLS/S   READ/S  WRITE/S       FOR PROGRAM: IN", columns);
	for (const struct thread *t = top->threads.table; t && shown < most; t = t->hh.next, shown++)
		print_thread(top, t, columns);
	if (shown < all) {
		snprintf(line, sizeof line, "... %u more threads: a higher window, -p PID, or -b shows them", all - shown);
		put_line(top, line, columns);
	}
	fputs(top->is_terminal ? "\033[J" : "\n", stdout);
}

/* A member that is a time, or null: 0. */
static void json_time(struct text *out, const char *name, uint64_t time)
{
	if (time) {
		json_number(out, name, (int64_t)time);
		return;
	}
	text_string(out, ",\"");
	text_string(out, name);
	text_string(out, "\":null");
}

/* The call that it is in, and its arguments. */
static void json_call(struct text *out, const struct thread *t)
{
	static char what[LINE];
	struct text text = {what, what + sizeof what, 0};
	int is_known = thread_is_in(t);

	if (!is_known && t->task.place != TASK_IN_CALL) {
		text_string(out, ",\"call\":null,\"args\":null");
		return;
	}
	task_call_text(&text, &t->task, t->source, is_known ? t->open : NULL);
	size_t size = (size_t)(text.at - what), name = size;
	for (size_t i = 0; i < size && name == size; i++)
		if (what[i] == '(')
			name = i;
	size_t arguments = name < size ? name + 1 : size;
	json_string(out, "call", what, name);
	json_string(out, "args", what + arguments, size - arguments);
}

static void json_busiest(struct text *out, const struct thread *t)
{
	int busiest = thread_busiest(t);
	char name[32];
	struct text text = {name, name + sizeof name, 0};

	if (busiest < 0) {
		text_string(out, ",\"busiest\":null,\"busiest_calls\":0,\"busiest_ns\":0");
		return;
	}
	text_row_name(&text, (unsigned)busiest);
	json_string(out, "busiest", name, (size_t)(text.at - name));
	json_number(out, "busiest_calls", (int64_t)t->by_call[busiest].calls);
	json_number(out, "busiest_ns", (int64_t)t->by_call[busiest].nanoseconds);
}

void top_print_json(const struct top *top)
{
	static char line[LINE * 7];
	uint64_t now = top->threads.last;

	for (const struct thread *t = top->threads.table; t; t = t->hh.next) {
		struct text out = {line, line + sizeof line - 1, 0};
		text_string(&out, "{\"time_ns\":");
		text_unsigned(&out, now);
		json_number(&out, "interval_ns", (int64_t)t->interval);
		json_number(&out, "pid", t->task.pid);
		json_number(&out, "tid", t->tid);
		json_string(&out, "program", t->program, strnlen(t->program, t->is_recorded ? sizeof t->source->header->program : sizeof t->task.name));
		text_string(&out, t->is_recorded ? ",\"recorded\":true" : ",\"recorded\":false");
		json_string(&out, "state", &t->task.state, 1);
		json_number(&out, "cpu_ns", (int64_t)t->cpu);
		json_number(&out, "calls", (int64_t)t->calls);
		json_number(&out, "call_ns", (int64_t)thread_in_calls(t, now));
		json_number(&out, "read_bytes", (int64_t)t->read_bytes);
		json_number(&out, "written_bytes", (int64_t)t->written_bytes);
		json_call(&out, t);
		json_time(&out, "since_ns", thread_is_in(t) ? t->open_since : 0);
		json_time(&out, "returned_ns", t->returned);
		json_busiest(&out, t);
		text_string(&out, "}\n");
		fwrite(line, 1, (size_t)(out.at - line), stdout);
	}
}
