/* Events in strace's look. */
#include "trace.h"
#include "walk.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

static struct text line_of(struct trace *t)
{
	return (struct text){t->line, t->line + TRACE_LINE - 1, 0};
}

static void put(struct trace *t, struct text *out)
{
	fwrite(t->line, 1, (size_t)(out->at - t->line), t->to);
}

/* The microseconds behind whole seconds. */
static void text_fraction(struct text *out, uint64_t nanoseconds)
{
	text_char(out, '.');
	text_padded(out, nanoseconds / 1000 % 1000000, 6, '0');
}

static void text_time(struct trace *t, struct text *out, uint64_t time)
{
	time_t seconds = (time_t)(time / 1000000000);
	uint64_t since = t->before && time > t->before ? time - t->before : 0;
	struct tm day;

	switch (t->time) {
	case TIME_SINCE_1970:
		text_seconds(out, time);
		break;
	case TIME_SINCE_LINE:
		text_padded(out, since / 1000000000, 6, ' ');
		text_fraction(out, since);
		break;
	default:
		localtime_r(&seconds, &day);
		text_padded(out, (uint64_t)day.tm_hour, 2, '0');
		text_char(out, ':');
		text_padded(out, (uint64_t)day.tm_min, 2, '0');
		text_char(out, ':');
		text_padded(out, (uint64_t)day.tm_sec, 2, '0');
		if (t->time != TIME_OF_DAY)
			text_fraction(out, time);
	}
}

static void head(struct trace *t, struct text *out, int thread, uint64_t time)
{
	if (t->open)
		text_string(out, " <unfinished ...>\n");
	t->open = 0;
	if (!t->no_threads) {
		text_decimal(out, thread);
		text_char(out, ' ');
	}
	text_time(t, out, time);
	text_char(out, ' ');
	t->before = time;
}

/* -y: what the descriptors of the call lead to that is being printed. */
static struct {
	struct places *places;
	const struct event *event;
	const struct text_call *call;
} shown;

/* The path that a call opens, and places_real of it; NULL: it is not known. */
static const char *opened_path(struct places *places, const struct event *e, const struct text_call *call, const struct text_memory *memory, uint64_t flags,
			       int folder, char path[PATH_ROOM], unsigned *real)
{
	char given[RECORDED_PATH];

	if (opens_nameless(flags) || !text_call_path(call, memory, given, sizeof given))
		return NULL;
	const char *relative = recorded_below(call, memory, given, &folder);
	*real = places_real(places, e, folder, relative, flags);
	return places_resolve(places, e, folder, relative, path) ? path : NULL;
}

/* The file that a call opens is put behind its descriptor after it has been printed. */
static const char *result_path(const struct text_memory *memory, char path[PATH_ROOM])
{
	uint64_t flags;
	unsigned real;
	int folder;

	if (!recorded_open(shown.call, (const struct recorded_memory *)memory, &flags, &folder))
		return places_path(shown.places, shown.event, (int)shown.call->arguments[0]);
	return opened_path(shown.places, shown.event, shown.call, memory, flags, folder, path, &real);
}

static void put_descriptor(const struct text_memory *memory, struct text *out, int fd, int is_result)
{
	char resolved[PATH_ROOM];
	const char *path = is_result ? result_path(memory, resolved) : places_path(shown.places, shown.event, fd);

	if (!path)
		return;
	text_char(out, '<');
	text_escaped(out, path, strlen(path));
	text_char(out, '>');
}

/* What this call has changed of descriptors and folders. */
static void places_go_on(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	struct recorded_memory memory;
	struct text_call call;
	char path[PATH_ROOM];
	uint64_t flags;
	unsigned real = 0;
	int folder;

	if (word->kind != RECORD_CALL)
		return;
	recorded_call(&t->recording.sources[e->source], word, &call, &memory);
	if (recorded_open(&call, &memory, &flags, &folder) && call.result >= 0) {
		const char *opened = opened_path(t->places, e, &call, &memory.memory, flags, folder, path, &real);
		places_opened(t->places, e, (int)call.result, opened, real, NULL, (flags & O_CLOEXEC) != 0);
	}
	places_after(t->places, e, &call, &memory);
}

static int call_of(const struct trace *t, const struct event *e, struct text_call *call, struct recorded_memory *memory)
{
	int thread = recorded_call(&t->recording.sources[e->source], event_record(&t->recording, e), call, memory);

	memory->memory.spare = TEXT_SPARE;
	if (t->data >= 0 && (size_t)t->data < memory->memory.data)
		memory->memory.data = (size_t)t->data;
	if (t->places) {
		shown.places = t->places;
		shown.event = e;
		shown.call = call;
		memory->memory.descriptor = put_descriptor;
	}
	return thread;
}

static void text_begin(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	struct text out = line_of(t);
	struct recorded_memory memory;
	struct text_call call;
	int thread = call_of(t, e, &call, &memory);

	head(t, &out, thread, e->time);
	if (filter_ends_exec(&t->filter, &t->recording, e)) {
		text_call_leave(&out, &call, text_call_enter(&out, &call, &memory.memory), &memory.memory);
		text_char(&out, '\n');
		put(t, &out);
		return;
	}
	t->open = 1;
	t->open_source = e->source;
	t->open_serial = ((const struct record_call *)word)->serial;
	t->open_printed = text_call_enter(&out, &call, &memory.memory);
	put(t, &out);
}

static int ends_open_line(const struct trace *t, const struct event *e, const struct record_call *record)
{
	if (!t->open || !(record->word.flags & RECORD_RESUMED))
		return 0;
	/* An exec that succeeded goes on in another image of the same process. */
	if (!record->serial)
		return t->recording.sources[t->open_source].header->pid == t->recording.sources[e->source].header->pid;
	return t->open_source == e->source && t->open_serial == record->serial;
}

static void text_end(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *record = (const void *)word;
	const struct source *s = &t->recording.sources[e->source];
	struct text out = line_of(t);
	struct recorded_memory memory;
	struct text_call call;
	int thread = call_of(t, e, &call, &memory);
	uint64_t began = word->kind == RECORD_CALL && record->began ? record->began + s->header->epoch : e->time;
	unsigned printed;

	if (word->kind == RECORD_CALL && ends_open_line(t, e, record)) {
		printed = t->open_printed;
		t->open = 0;
	} else if (word->kind == RECORD_CALL && word->flags & RECORD_RESUMED && !filter_by_end(&t->filter)) {
		printed = text_call_enter(&out, &call, &memory.memory);
		out = line_of(t);
		/* As strace's: the line's time is when the call came back. */
		head(t, &out, thread, began + record->duration);
		text_call_resumed(&out, &call);
	} else {
		head(t, &out, thread, began);
		printed = text_call_enter(&out, &call, &memory.memory);
	}
	text_call_leave(&out, &call, printed, &memory.memory);
	text_injected(&out, word->flags & RECORD_INJECTED, word->flags & RECORD_DELAYED);
	if (word->flags & RECORD_GATHERED) {
		text_string(&out, " <coalesced>");
	} else if (record->duration) {
		text_string(&out, " <");
		text_seconds(&out, record->duration);
		text_char(&out, '>');
	}
	text_char(&out, '\n');
	put(t, &out);
}

static void text_other(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_batch *batch = (const void *)word;
	const struct record_signal *signal = (const void *)word;
	const struct record_note *note = (const void *)word;
	struct text out = line_of(t);

	head(t, &out, recorded_thread(&t->recording.sources[e->source], word), e->time);
	if (word->kind == RECORD_BATCH)
		text_batch_line(&out, batch->fd, batch->writes, batch->bytes, batch->ended_by, batch->duration);
	else if (word->kind == RECORD_SIGNAL)
		text_signal_line(&out, signal->signal, signal->code, signal->pid, signal->uid);
	else
		text_note_line(&out, note->text, strnlen(note->text, sizeof note->text));
	put(t, &out);
}

static void print_event(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct source *s = &t->recording.sources[e->source];
	int is_other = word->kind == RECORD_BATCH || word->kind == RECORD_SIGNAL || word->kind == RECORD_NOTE;

	if (is_other && (!t->filter.pid || t->filter.pid == s->header->pid))
		text_other(t, e);
	if (!filter_takes(&t->filter, &t->recording, e))
		return;
	if (word->kind == RECORD_BEGIN)
		text_begin(t, e);
	else
		text_end(t, e);
}

void trace_text_event(struct trace *t, const struct event *e)
{
	if (t->places)
		places_before(t->places, e);
	print_event(t, e);
	if (t->places)
		places_go_on(t, e);
}

void trace_text_end(struct trace *t)
{
	if (t->open)
		fputs(" <unfinished ...>\n", t->to);
	t->open = 0;
}
