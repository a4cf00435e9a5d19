/* sysshim trace: a recording in strace's look, or as JSON lines. */
#include "begun.h"
#include "chrome.h"
#include "command.h"
#include "filter.h"

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
	struct begun *begun;
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

static void text_begin(struct trace *t, const struct event *e, const struct text_call *call, const struct recorded_memory *memory, int thread)
{
	const struct record_call *record = (const void *)event_record(&t->recording, e);
	struct text out = line_of(t);

	head(t, &out, thread, e->time);
	if (begun_is_image(&t->recording, e)) {
		text_call_leave(&out, call, text_call_enter(&out, call, &memory->memory), &memory->memory);
		text_char(&out, '\n');
		put(t, &out);
		return;
	}
	t->open = 1;
	t->open_source = e->source;
	t->open_serial = record->serial;
	t->open_printed = text_call_enter(&out, call, &memory->memory);
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

static void text_end(struct trace *t, const struct event *e, const struct text_call *call, const struct recorded_memory *memory, int thread)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *record = (const void *)word;
	struct text out = line_of(t);
	unsigned printed;

	if (word->kind == RECORD_CALL && ends_open_line(t, e, record)) {
		printed = t->open_printed;
		t->open = 0;
	} else if (word->kind == RECORD_CALL && word->flags & RECORD_RESUMED && !filter_by_end(&t->filter)) {
		printed = text_call_enter(&out, call, &memory->memory);
		out = line_of(t);
		head(t, &out, thread, record->began + t->recording.sources[e->source].header->epoch);
		text_call_resumed(&out, call);
	} else {
		int timed = word->kind == RECORD_CALL && record->began;
		head(t, &out, thread, timed ? record->began + t->recording.sources[e->source].header->epoch : e->time);
		printed = text_call_enter(&out, call, &memory->memory);
	}
	text_call_leave(&out, call, printed, &memory->memory);
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

static void json_number(struct text *out, const char *name, int64_t value)
{
	text_string(out, ",\"");
	text_string(out, name);
	text_string(out, "\":");
	text_decimal(out, value);
}

static void json_string(struct text *out, const char *name, const char *value, size_t size)
{
	text_string(out, ",\"");
	text_string(out, name);
	text_string(out, "\":");
	text_json_quoted(out, value, size);
}

enum end { END_THERE, END_IN_IMAGE, END_NOT };

/* END_IN_IMAGE: an exec that has succeeded. count: writes that were gathered in a row with the same descriptor and length, of which this is one. */
static void json_call(struct trace *t, const struct event *e, unsigned count, enum end end)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *record = (const void *)word;
	const struct source *s = &t->recording.sources[e->source];
	struct text out = line_of(t);
	static char text[LINE], path[4200];
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(s, word, &call, &memory);
	struct text printed = {text, text + sizeof text, 0};
	int whole = word->kind != RECORD_COALESCED;

	unsigned index = text_call_enter(&printed, &call, &memory.memory);
	call.result = end == END_IN_IMAGE ? 0 : call.result;
	if (end != END_NOT)
		text_call_leave(&printed, &call, index, &memory.memory);
	char *from = memchr(text, '(', (size_t)(printed.at - text));
	size_t name = from ? (size_t)(from - text) : 0, size = (size_t)(printed.at - text);
	text_string(&out, "{\"call\":");
	text_json_quoted(&out, text, name);
	json_number(&out, "pid", s->header->pid);
	json_number(&out, "tid", thread);
	json_number(&out, "start_ns", (int64_t)(whole && record->began ? record->began + s->header->epoch : e->time));
	json_number(&out, "duration_ns", whole ? (int64_t)record->duration : 0);
	if (end == END_NOT) {
		text_string(&out, ",\"result\":null,\"errno\":null,\"unfinished\":true");
	} else {
		int failed = (uint64_t)call.result >= -4095ull;
		const char *error = failed ? errno_name((unsigned)-call.result) : NULL;
		json_number(&out, "result", failed ? -1 : call.result);
		if (error)
			json_string(&out, "errno", error, strlen(error));
		else if (failed)
			json_number(&out, "errno", -call.result);
		else
			text_string(&out, ",\"errno\":null");
	}
	/* The arguments end where the result begins; what a string holds is escaped, so no `) = ` in it can be meant. */
	size_t last = size;
	for (size_t i = name; end != END_NOT && i + 4 <= size; i++)
		if (!memcmp(text + i, ") = ", 4))
			last = i;
	json_string(&out, "args", from ? from + 1 : text, from ? last - name - 1 : 0);
	const char *named = recorded_path(&call, &memory, path, sizeof path);
	if (named)
		json_string(&out, "path", named, strlen(named));
	else
		text_string(&out, ",\"path\":null");
	text_string(&out, word->flags & RECORD_GATHERED ? ",\"coalesced\":true" : ",\"coalesced\":false");
	json_number(&out, "count", count);
	text_string(&out, "}\n");
	put(t, &out);
}

/* How many gathered writes of the same kind stand in a row from event i on, at least 1. */
static unsigned row_of(const struct trace *t, size_t i)
{
	const struct event *e = &t->recording.events[i];
	const struct record_coalesced *first = (const void *)event_record(&t->recording, e);
	unsigned count = 1;

	for (; i + count < t->recording.events_count; count++) {
		const struct event *next = &t->recording.events[i + count];
		const struct record_coalesced *other = (const void *)event_record(&t->recording, next);
		if (next->source != e->source || other->word.kind != RECORD_COALESCED || other->fd != first->fd || other->bytes != first->bytes)
			break;
	}
	return count;
}

static void trace_text(struct trace *t)
{
	for (size_t i = 0; i < t->recording.events_count; i++) {
		const struct event *e = &t->recording.events[i];
		const struct record_word *word = event_record(&t->recording, e);
		const struct source *s = &t->recording.sources[e->source];
		struct recorded_memory memory;
		struct text_call call;
		if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_COALESCED) {
			if (word->kind <= RECORD_NOTE && (!t->filter.pid || t->filter.pid == s->header->pid))
				text_other(t, e);
			continue;
		}
		int thread = recorded_call(s, word, &call, &memory);
		/* Chosen by its end a call is one line: when it began nobody could choose it. */
		if ((word->kind == RECORD_BEGIN && filter_by_end(&t->filter)) || !filter_wants(&t->filter, s, &call, thread, &memory) || !filter_lasts(&t->filter, word))
			continue;
		if (word->kind == RECORD_BEGIN)
			text_begin(t, e, &call, &memory, thread);
		else
			text_end(t, e, &call, &memory, thread);
	}
	if (t->open)
		fputs(" <unfinished ...>\n", t->to);
}

static void trace_json(struct trace *t)
{
	struct event left;

	for (size_t i = 0; i < t->recording.events_count; i++) {
		const struct event *e = &t->recording.events[i];
		const struct record_word *word = event_record(&t->recording, e);
		const struct record_call *record = (const void *)word;
		const struct source *s = &t->recording.sources[e->source];
		struct recorded_memory memory;
		struct text_call call;
		if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_COALESCED)
			continue;
		int thread = recorded_call(s, word, &call, &memory);
		/* Chosen by its end a call is one line: when it began nobody could choose it. */
		if ((word->kind == RECORD_BEGIN && filter_by_end(&t->filter)) || !filter_wants(&t->filter, s, &call, thread, &memory) || !filter_lasts(&t->filter, word))
			continue;
		if (word->kind == RECORD_BEGIN) {
			begun_add(&t->begun, e, record->serial);
			continue;
		}
		if (is_exec_end(word)) {
			if (begun_exec(&t->begun, &t->recording, e, &left))
				json_call(t, &left, 1, END_IN_IMAGE);
			continue;
		}
		if (word->flags & RECORD_RESUMED && word->kind == RECORD_CALL)
			begun_end(&t->begun, e, record->serial);
		unsigned count = word->kind == RECORD_COALESCED ? row_of(t, i) : 1;
		json_call(t, e, count, END_THERE);
		i += count - 1;
	}
	while (begun_left(&t->begun, &left))
		json_call(t, &left, 1, begun_is_image(&t->recording, &left) ? END_IN_IMAGE : END_NOT);
	fputs("{\"coverage\":{", t->to);
	recording_coverage_json(&t->recording, t->to);
	fputs("}}\n", t->to);
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
	if (argc - optind > 1) {
		fprintf(stderr, "sysshim trace: one recording at a time, not also '%s'\n", argv[optind + 1]);
		return EXIT_USAGE;
	}
	if (!recording_read(&t.recording, argv[optind], "trace"))
		return EXIT_USAGE;
	if (format == FORMAT_CHROME)
		chrome_write(&t.recording, &t.filter, t.to);
	else
		(format == FORMAT_JSON ? trace_json : trace_text)(&t);
	if (fflush(t.to) != 0 || ferror(t.to)) {
		fprintf(stderr, "sysshim trace: writing failed: %m\n");
		return EXIT_OURS;
	}
	if (format == FORMAT_TEXT)
		recording_coverage(&t.recording, stderr);
	int problems = t.recording.problems > 0;
	recording_free(&t.recording);
	return problems ? EXIT_FOUND : EXIT_FINE;
}
