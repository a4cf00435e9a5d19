/* sysshim trace: a recording in strace's look, or as JSON lines. */
#include "ahead.h"
#include "chrome.h"
#include "command.h"
#include "follow.h"
#include "interrupt.h"
#include "print.h"
#include "trace.h"
#include "walk.h"
#include "../format/json.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char trace_help[] =
	"usage: sysshim trace [OPTION...] [RECORDING]\n"
	"\n"
	"Prints the calls of a recording in the order of time, as strace -f -ttt -T does. RECORDING is a folder of recordings, or a file in it;\n"
	"without it, the newest.\n"
	"\n" FILTER_HELP
	"      --follow        go on with what is being recorded, until no process of it runs any more, or Ctrl-C\n"
	"  -t, -tt, -ttt       the time of day, with microseconds, in seconds since 1970 (this without any of them)\n"
	"  -r                  the time since the line before\n"
	"  -s BYTES            at most so many bytes of a buffer, of those that were recorded (run -s)\n"
	"  -o FILE             write there instead of stdout\n"
	"  -ff                 with -o: a file FILE.TID for each thread\n"
	"  -y                  what descriptors lead to: read(3</etc/passwd>, ...\n"
	"  -f, -T              as always\n"
	"      --json          a flat object a line\n"
	"      --format=chrome a timeline for Perfetto (ui.perfetto.dev) or chrome://tracing; text, json\n"
	"      --help\n"
	"\n"
	"What was not seen is said at the end, on stderr; with --json as a last line.\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

/* count: writes that were gathered in a row with the same descriptor and length, of which this is one. */
static void json_line(struct trace *t, const struct event *e, size_t count, enum call_end end)
{
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *record = (const void *)word;
	const struct source *s = &t->recording.sources[e->source];
	struct text out = {t->line, t->line + TRACE_LINE - 1, 0};
	static char path[RECORDED_PATH];
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(s, word, &call, &memory), whole = word->kind != RECORD_COALESCED;
	struct json_call about = {.pid = vforked_pid(&t->recording, e, thread),
				  .tid = thread,
				  .start = whole && record->began ? record->began + s->header->epoch : e->time,
				  .duration = whole ? record->duration : 0,
				  .unfinished = end == END_NOT,
				  .coalesced = word->flags & RECORD_GATHERED,
				  .injected = whole && word->flags & (RECORD_INJECTED | RECORD_DELAYED),
				  .count = count,
				  .path = text_call_path(&call, &memory.memory, path, sizeof path)};

	call.result = end == END_IN_IMAGE ? 0 : call.result;
	json_call_line(&out, &about, &call, &memory.memory);
	fwrite(t->line, 1, (size_t)(out.at - t->line), t->to);
}

static void json_call(void *self, const struct event *e, enum call_end end, size_t count)
{
	json_line(self, e, count, end);
}

static void trace_text(struct trace *t)
{
	struct event e;

	recording_rewind(&t->recording);
	while (recording_next(&t->recording, &e))
		trace_text_event(t, &e);
	trace_text_end(t);
}

static void trace_json(struct trace *t)
{
	walk(&t->recording, &t->filter, &(struct walker){json_call, NULL, 1, t});
	recording_coverage_line(&t->recording, t->to);
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
	print_complaint("sysshim trace: --format=%s: text, json or chrome would do", value);
	return 0;
}

/* Live, a line is printed when its call has come back; an exec's, which may not, when it begins: as the shim itself writes them. */
static void json_event(void *self, const struct event *e)
{
	struct trace *t = self;
	const struct record_word *word = event_record(&t->recording, e);
	const struct record_call *call = (const void *)word;
	int begins = word->kind == RECORD_BEGIN && is_exec(call->number);

	if ((word->kind == RECORD_BEGIN && !begins) || is_exec_end(word) || !filter_takes(&t->filter, &t->recording, e))
		return;
	json_line(t, e, 1, !begins ? END_THERE : filter_by_end(&t->filter) ? END_IN_IMAGE : END_NOT);
}

static void text_event(void *self, const struct event *e)
{
	trace_text_event(self, e);
}

static void flush(void *self)
{
	struct trace *t = self;

	if (fflush(t->to) == 0)
		return;
	/* Nobody reads any more: that is how a live view ends. */
	if (errno != EPIPE)
		print_complaint("sysshim trace: writing failed: %m");
	exit(EXIT_OURS);
}

/* The file of the line that stands open, across another reading. */
static char *open_path;

static void before(void *self)
{
	const struct trace *t = self;

	open_path = t->open ? strdup(t->recording.sources[t->open_source].path) : NULL;
}

static void after(void *self)
{
	struct trace *t = self;

	for (unsigned i = 0; open_path && i < t->recording.sources_count; i++)
		if (!strcmp(t->recording.sources[i].path, open_path))
			t->open_source = i;
	if (t->open && (!open_path || t->open_source >= t->recording.sources_count))
		trace_text_end(t);
	free(open_path);
}

static void trace_live(struct trace *t, enum format format)
{
	follow(&t->recording, &(struct follower){format == FORMAT_JSON ? json_event : text_event, flush, before, after, t});
	trace_text_end(t);
	if (format == FORMAT_JSON)
		recording_coverage_line(&t->recording, t->to);
}

struct output {
	const char *path; /* -o */
	enum format format;
	int follow, forks, paths, times;
};

static int complain(const char *what)
{
	print_complaint("sysshim trace: %s", what);
	return 0;
}

/* Do these go together? */
static int is_possible(const struct output *o)
{
	if (o->forks > 1 && !o->path)
		return complain("-ff: -o FILE is to say where; each thread's file is FILE.TID");
	if (o->forks > 1 && (o->format != FORMAT_TEXT || o->follow))
		return complain("-ff: text only, and not with --follow");
	if (o->paths && (o->forks > 1 || o->format != FORMAT_TEXT || o->follow))
		return complain("-y: text only, and not with -ff or --follow: descriptors are followed through the whole recording, in the order of time");
	if (o->follow && o->format == FORMAT_CHROME)
		return complain("--follow: text or --json; a timeline is written when all is there");
	return 1;
}

enum { OPTION_FORMAT = 600, OPTION_FOLLOW };

static int take_option(struct trace *t, struct output *o, int option, const char *value)
{
	char *end;

	switch (option) {
	case 'j':
		o->format = FORMAT_JSON;
		return 1;
	case OPTION_FORMAT:
		return take_format(value, &o->format);
	case OPTION_FOLLOW:
		o->follow = 1;
		return 1;
	case 'o':
		o->path = value;
		return 1;
	case 'f':
		o->forks++;
		return 1;
	case 'y':
		o->paths = 1;
		return 1;
	case 'T':
		return 1;
	case 't':
		o->times++;
		t->time = o->times == 1 ? TIME_OF_DAY : o->times == 2 ? TIME_OF_DAY_MICROSECONDS : TIME_SINCE_1970;
		return 1;
	case 'r':
		t->time = TIME_SINCE_LINE;
		return 1;
	case 's':
		t->data = strtol(value, &end, 10);
		return (t->data >= 0 && end != value && !*end) || complain("-s: not a number of bytes; 0 or more would be");
	default:
		return option != '?' && filter_take(&t->filter, option, value, "trace");
	}
}

int command_trace(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"output", required_argument, NULL, 'o'},
						{"format", required_argument, NULL, OPTION_FORMAT}, {"follow", no_argument, NULL, OPTION_FOLLOW},
						FILTER_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	static struct trace t;
	struct output output = {0};
	int option;

	t = (struct trace){.to = stdout, .data = -1};
	filter_all(&t.filter);
	while ((option = next_option(argc, argv, ":hjo:ftrTys:" FILTER_OPTIONS, options)) != -1) {
		if (option == 'h') {
			fputs(trace_help, stdout);
			return EXIT_FINE;
		}
		if (!take_option(&t, &output, option, optarg))
			return EXIT_USAGE;
	}
	if (!is_possible(&output))
		return EXIT_USAGE;
	if (!(output.follow ? recording_read_live : recording_read)(&t.recording, argc, argv))
		return EXIT_USAGE;
	/* NB order: who names no recording loses no file. */
	if (output.path && output.forks < 2 && !(t.to = fopen(output.path, "we"))) {
		print_complaint("sysshim trace: %s: %m", output.path);
		recording_end(&t.recording, stdout);
		return EXIT_USAGE;
	}
	if (output.paths)
		t.places = places_make(&t.recording);
	if (output.forks > 1) {
		if (!trace_by_thread(&t, output.path))
			return EXIT_OURS;
	} else if (output.follow) {
		trace_live(&t, output.format);
	} else if (output.format == FORMAT_CHROME) {
		chrome_write(&t.recording, &t.filter, t.to);
	} else {
		(output.format == FORMAT_JSON ? trace_json : trace_text)(&t);
	}
	if (t.places)
		places_free(t.places);
	/* NB order: coverage is said when nothing can fail any more. */
	if (fflush(t.to) == 0 && output.format == FORMAT_TEXT)
		recording_coverage(&t.recording, stderr);
	filter_met(t.filter.pid, &t.recording, "trace");
	int status = recording_end(&t.recording, t.to);
	interrupt_end();
	return status;
}
