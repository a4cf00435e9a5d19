/* sysshim show: what a recording is. */
#include "command.h"
#include "print.h"
#include "recording.h"
#include "../format/json.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

const char show_help[] =
	"usage: sysshim show [OPTION...] [RECORDING]\n"
	"\n"
	"Says what a recording holds: each program with its process, parent, time, command line (quoted as a shell takes it), folder and end, and what was not seen.\n"
	"\n"
	"  -v                  also what of each program's environment was kept: what changes how it is loaded and what it does\n"
	"      --json          an object a line\n"
	"      --help\n"
	"\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

/* A text of several strings, each with its NUL, as an array. */
static void json_strings(struct text *out, const char *name, const char *strings, size_t size)
{
	text_string(out, ",\"");
	text_string(out, name);
	text_string(out, "\":[");
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(strings + at, size - at);
		if (at)
			text_char(out, ',');
		text_json_quoted(out, strings + at, length);
		at += length + 1;
	}
	text_char(out, ']');
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void show_json(const struct source *s)
{
	static char line[64 << 10];
	const struct record_header *h = s->header;
	struct text out = {line, line + sizeof line, 0};

	text_string(&out, "{\"program\":");
	text_json_quoted(&out, h->program, strnlen(h->program, sizeof h->program));
	json_string(&out, "directory", h->directory, strnlen(h->directory, sizeof h->directory));
	json_strings(&out, "arguments", h->arguments, least(h->arguments_size, sizeof h->arguments));
	json_strings(&out, "environment", h->environment, least(h->environment_size, sizeof h->environment));
	fwrite(line, 1, (size_t)(out.at - line), stdout);
	printf(",\"arguments_cut\":%s,\"pid\":%d,\"parent\":%d,\"began_ns\":%" PRIu64 ",\"ended_ns\":%" PRIu64 ",\"end\":\"%s\",\"status\":%d,\"records\":%" PRIu64
	       ",\"dropped\":%" PRIu64 ",\"overwritten_bytes\":%" PRIu64 "}\n",
	       *recorded_cut(h) ? "true" : "false", h->pid, h->parent, h->began, h->ended, recorded_end_word(h), h->status, s->records, h->dropped, h->overwritten);
}

static void print_strings(const char *before, const char *strings, size_t size, void (*print)(FILE *to, const char *text, size_t size))
{
	for (size_t at = 0; at < size;) {
		size_t length = strnlen(strings + at, size - at);
		fputs(before, stdout);
		print(stdout, strings + at, length);
		at += length + 1;
	}
}

static void show_text(const struct source *s, int verbose)
{
	const struct record_header *h = s->header;
	time_t began = (time_t)(h->began / 1000000000);
	struct tm when;
	char date[32] = "", end[RECORDED_END], directory[4 * sizeof h->directory];

	if (localtime_r(&began, &when))
		strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &when);
	printf("%d (parent %d) %s", h->pid, h->parent, date);
	print_strings(" ", h->arguments, least(h->arguments_size, sizeof h->arguments), print_word);
	fputs(recorded_cut(h), stdout);
	recorded_text(directory, sizeof directory, h->directory, sizeof h->directory);
	printf("\n    in %s, %" PRIu64 " records, %s", *directory ? directory : "?", s->records, recorded_end(h, end));
	if (h->ended > h->began)
		printf(" after %.6f s", (double)(h->ended - h->began) / 1e9);
	if (h->coalesced)
		printf("; %" PRIu64 " writes gathered into %" PRIu64, h->coalesced, h->kernel_entries);
	if (verbose)
		print_strings("\n    ", h->environment, least(h->environment_size, sizeof h->environment), print_escaped);
	putchar('\n');
}

int command_show(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct recording recording;
	struct event e;
	int option, json = 0, verbose = 0;

	while ((option = next_option(argc, argv, ":hjv", options)) != -1) {
		switch (option) {
		case 'h':
			fputs(show_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	if (!json) {
		print_sentence(stdout, recording.path);
		putchar('\n');
	}
	for (unsigned i = 0; i < recording.sources_count; i++) {
		source_rewind(&recording.sources[i]);
		while (source_next(&recording, i, &e))
			;
		source_close(&recording.sources[i]);
	}
	for (unsigned i = 0; i < recording.sources_count; i++)
		if (json)
			show_json(&recording.sources[i]);
		else
			show_text(&recording.sources[i], verbose);
	(json ? recording_coverage_line : recording_coverage)(&recording, stdout);
	return recording_end(&recording, stdout);
}
