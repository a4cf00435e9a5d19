/* sysshim show: what a recording is. */
#include "command.h"
#include "recording.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

const char show_help[] =
	"usage: sysshim show [OPTION...] [RECORDING]\n"
	"\n"
	"Says what a recording holds: each program with its process, parent, time, command line, folder and end, and what was not seen.\n"
	"\n"
	"      --json          an object a line\n"
	"      --help\n"
	"\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read.\n";

static void show_json(const struct source *s)
{
	static char line[64 << 10];
	const struct record_header *h = s->header;
	struct text out = {line, line + sizeof line, 0};
	size_t size = h->arguments_size < sizeof h->arguments ? h->arguments_size : sizeof h->arguments;

	text_string(&out, "{\"program\":");
	text_json_quoted(&out, h->program, strnlen(h->program, sizeof h->program));
	text_string(&out, ",\"directory\":");
	text_json_quoted(&out, h->directory, strnlen(h->directory, sizeof h->directory));
	text_string(&out, ",\"arguments\":[");
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(h->arguments + at, size - at);
		if (at)
			text_char(&out, ',');
		text_json_quoted(&out, h->arguments + at, length);
		at += length + 1;
	}
	fwrite(line, 1, (size_t)(out.at - line), stdout);
	printf("],\"pid\":%d,\"parent\":%d,\"began_ns\":%" PRIu64 ",\"ended_ns\":%" PRIu64 ",\"end\":%u,\"status\":%d,\"records\":%" PRIu64
	       ",\"dropped\":%" PRIu64 ",\"overwritten_bytes\":%" PRIu64 "}\n",
	       h->pid, h->parent, h->began, h->ended, h->end, h->status, s->records, h->dropped, h->overwritten);
}

static void show_text(const struct source *s)
{
	static char line[64 << 10];
	const struct record_header *h = s->header;
	struct text out = {line, line + sizeof line - 1, 0};
	size_t size = h->arguments_size < sizeof h->arguments ? h->arguments_size : sizeof h->arguments;
	const char *name = h->end == RECORD_SIGNALLED ? signal_name((unsigned)h->status) : NULL;
	time_t began = (time_t)(h->began / 1000000000);
	struct tm when;
	char date[32] = "";

	if (localtime_r(&began, &when))
		strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &when);
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(h->arguments + at, size - at);
		text_char(&out, ' ');
		text_escaped(&out, h->arguments + at, length);
		at += length + 1;
	}
	*out.at = 0;
	printf("%d (parent %d) %s%s\n    in %.*s, %" PRIu64 " records, ", h->pid, h->parent, date, line, (int)sizeof h->directory - 1,
	       *h->directory ? h->directory : "?", s->records);
	switch (h->end) {
	case RECORD_EXITED:
		printf("exited with %d", h->status);
		break;
	case RECORD_SIGNALLED:
		printf("killed by %s", name ? name : "a signal");
		break;
	case RECORD_EXECED:
		printf("went on as another program");
		break;
	case RECORD_FINISHED:
		printf("ended");
		break;
	default:
		printf("without an end: running, or killed");
	}
	if (h->ended > h->began)
		printf(" after %.6f s", (double)(h->ended - h->began) / 1e9);
	if (h->coalesced)
		printf("; %" PRIu64 " writes gathered into %" PRIu64, h->coalesced, h->kernel_entries);
	putchar('\n');
}

int command_show(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct recording recording;
	struct event e;
	int option, json = 0;

	while ((option = getopt_long(argc, argv, "hj", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(show_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	if (!json)
		printf("%s\n", recording.path);
	for (unsigned i = 0; i < recording.sources_count; i++) {
		source_rewind(&recording.sources[i]);
		while (source_next(&recording, i, &e))
			;
		source_close(&recording.sources[i]);
	}
	for (unsigned i = 0; i < recording.sources_count; i++)
		(json ? show_json : show_text)(&recording.sources[i]);
	if (json) {
		putchar('{');
		recording_coverage_json(&recording, stdout);
		printf("}\n");
	} else {
		recording_coverage(&recording, stdout);
	}
	return recording_end(&recording, stdout);
}
