/* sysshim trace: a recording in strace's look, or as JSON lines. */
#include "chrome.h"
#include "command.h"
#include "filter.h"
#include "../format/json.h"
#include "walk.h"

#include <getopt.h>
#include <string.h>

static const char help[] =
	"usage: sysshim trace [OPTION...] [RECORDING]\n"
	"\n"
	"Prints the calls of a recording in the order of time, as strace -f -ttt -T does. RECORDING is a folder that `sysshim run` made, or a\n"
	"file in it; without it, the newest.\n"
	"\n" FILTER_HELP
	"  -o FILE             write there instead of stdout\n"
	"      --json          a flat object a line\n"
	"      --format=chrome a timeline for Perfetto (ui.perfetto.dev) or chrome://tracing; text, json\n"
	"      --help\n"
	"\n"
	"What was not seen is said at the end, on stderr; with --json as a last line.\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read.\n";

enum { LINE = 256 << 10 };

struct trace {
	struct recording recording;
	struct filter filter;
	FILE *to;
	/* The line that stands without its end. */
	int open;
	uint32_t open_source, open_serial;
	unsigned open_printed;
	char line[LINE];
};

static struct text line_of(struct trace *t)
{
	return (struct text){t->line, t->line + LINE - 1, 0};
}

static void put(struct trace *t, struct text *out)
{
	fwrite(t->line, 1, (size_t)(out->at - t->line), t->to);
}

static void head(struct trace *t, struct text *out, int thread, uint64_t time)
{
	if (t->open)
		text_string(out, " <unfinished ...>\n");
	t->open = 0;
	text_decimal(out, thread);
	text_char(out, ' ');
	text_seconds(out, time);
	text_char(out, ' ');
}

static void text_begin(struct trace *t, const struct event *e)
{
	const struct record_word *word = event_record(&t->recording, e);
	struct text out = line_of(t);
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(&t->recording.sources[e->source], word, &call, &memory);

	head(t, &out, thread, e->time);
	if (is_exec_of_image(&t->recording, e)) {
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
	int thread = recorded_call(s, word, &call, &memory);
	uint64_t began = word->kind == RECORD_CALL && record->began ? record->began + s->header->epoch : e->time;
	unsigned printed;

	if (word->kind == RECORD_CALL && ends_open_line(t, e, record)) {
		printed = t->open_printed;
		t->open = 0;
	} else if (word->kind == RECORD_CALL && word->flags & RECORD_RESUMED && !filter_by_end(&t->filter)) {
		printed = text_call_enter(&out, &call, &memory.memory);
		out = line_of(t);
		head(t, &out, thread, began);
		text_call_resumed(&out, &call);
	} else {
		head(t, &out, thread, began);
		printed = text_call_enter(&out, &call, &memory.memory);
	}
	text_call_leave(&out, &call, printed, &memory.memory);
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

	head(t, &out, word->kind == RECORD_BATCH ? batch->thread : word->kind == RECORD_SIGNAL ? signal->thread : note->thread, e->time);
	if (word->kind == RECORD_BATCH)
		text_batch_line(&out, batch->fd, batch->writes, batch->bytes, batch->ended_by, batch->duration);
	else if (word->kind == RECORD_SIGNAL)
		text_signal_line(&out, signal->signal, signal->code, signal->pid, signal->uid);
	else
		text_note_line(&out, note->text, strnlen(note->text, sizeof note->text));
	put(t, &out);
}

/* count: writes that were gathered in a row with the same descriptor and length, of which this is one. */
static void json_line(struct trace *t, const struct event *e, size_t count, enum call_end end)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *record = (const void *)word;
	const struct source *s = &t->recording.sources[e->source];
	struct text out = line_of(t);
	static char path[RECORDED_PATH];
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(s, word, &call, &memory), whole = word->kind != RECORD_COALESCED;
	struct json_call about = {.pid = s->header->pid,
				  .tid = thread,
				  .start = whole && record->began ? record->began + s->header->epoch : e->time,
				  .duration = whole ? record->duration : 0,
				  .unfinished = end == END_NOT,
				  .coalesced = word->flags & RECORD_GATHERED,
				  .count = count,
				  .path = text_call_path(&call, &memory.memory, path, sizeof path)};

	call.result = end == END_IN_IMAGE ? 0 : call.result;
	json_call_line(&out, &about, &call, &memory.memory);
	put(t, &out);
}

/* How many gathered writes of the same kind stand in a row from this event on, at least 1. */
static size_t row_of(const struct trace *t, const struct event *e)
{
	const struct record_coalesced *first = (const void *)event_record(&t->recording, e);
	const struct event *next = e + 1, *end = t->recording.events + t->recording.events_count;

	for (; first->word.kind == RECORD_COALESCED && next < end; next++) {
		const struct record_coalesced *other = (const void *)event_record(&t->recording, next);
		if (next->source != e->source || other->word.kind != RECORD_COALESCED || other->fd != first->fd || other->bytes != first->bytes)
			return (size_t)(next - e);
	}
	return first->word.kind == RECORD_COALESCED ? (size_t)(next - e) : 1;
}

static size_t json_call(void *self, const struct event *e, enum call_end end)
{
	struct trace *t = self;
	size_t count = end == END_THERE ? row_of(t, e) : 1;

	json_line(t, e, count, end);
	return count;
}

static void trace_text(struct trace *t)
{
	for (size_t i = 0; i < t->recording.events_count; i++) {
		const struct event *e = &t->recording.events[i];
		const struct record_word *word = event_record(&t->recording, e);
		const struct source *s = &t->recording.sources[e->source];
		int is_other = word->kind == RECORD_BATCH || word->kind == RECORD_SIGNAL || word->kind == RECORD_NOTE;
		if (is_other && (!t->filter.pid || t->filter.pid == s->header->pid))
			text_other(t, e);
		if (!filter_takes(&t->filter, &t->recording, e))
			continue;
		if (word->kind == RECORD_BEGIN)
			text_begin(t, e);
		else
			text_end(t, e);
	}
	if (t->open)
		fputs(" <unfinished ...>\n", t->to);
}

static void trace_json(struct trace *t)
{
	walk(&t->recording, &t->filter, &(struct walker){json_call, NULL, t});
	fputc('{', t->to);
	recording_coverage_json(&t->recording, t->to);
	fputs("}\n", t->to);
}

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CHROME };

static int take_format(const char *value, enum format *format)
{
	static const char *const formats[] = {"text", "json", "chrome"};

	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(value, formats[i])) {
			*format = (enum format)i;
			return 1;
		}
	fprintf(stderr, "sysshim trace: --format=%s: text, json or chrome would do\n", value);
	return 0;
}

int command_trace(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"output", required_argument, NULL, 'o'},
						{"format", required_argument, NULL, 'f'}, FILTER_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	static struct trace t;
	enum format format = FORMAT_TEXT;
	int option;

	t = (struct trace){.to = stdout};
	filter_all(&t.filter);
	while ((option = getopt_long(argc, argv, "hjo:" FILTER_OPTIONS, options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(help, stdout);
			return EXIT_FINE;
		case 'j':
			format = FORMAT_JSON;
			break;
		case 'f':
			if (!take_format(optarg, &format))
				return EXIT_USAGE;
			break;
		case 'o':
			t.to = fopen(optarg, "we");
			if (!t.to) {
				fprintf(stderr, "sysshim trace: %s: %m\n", optarg);
				return EXIT_USAGE;
			}
			break;
		default:
			if (option == '?' || !filter_take(&t.filter, option, optarg, "trace"))
				return EXIT_USAGE;
		}
	}
	if (!recording_read(&t.recording, argc, argv))
		return EXIT_USAGE;
	if (format == FORMAT_CHROME)
		chrome_write(&t.recording, &t.filter, t.to);
	else
		(format == FORMAT_JSON ? trace_json : trace_text)(&t);
	/* NB order: coverage is said when nothing can fail any more. */
	if (fflush(t.to) == 0 && format == FORMAT_TEXT)
		recording_coverage(&t.recording, stderr);
	return recording_end(&t.recording, t.to);
}
