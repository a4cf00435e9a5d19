/* sysshim stat: a recording in numbers. */
#include "command.h"
#include "print.h"
#include "totals.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

const char stat_help[] =
	"usage: sysshim stat [OPTION...] [RECORDING]\n"
	"\n"
	"Sums up a recording as strace -c does: a line for each system call, with percentiles of its time; sizes of reads and writes; what was\n"
	"gathered; advice; the files with most bytes; a line for each program. RECORDING is a folder that `sysshim run` made, or a file in it; without it, the newest.\n"
	"\n" FILTER_HELP
	"  -S COLUMN           sort by time (so without -S), calls, errors, name, avg, max\n"
	"      --by=program    the same for each program that a process ran; --by=file: reads and writes of each file, and their sizes (of all calls)\n"
	"  -c                  as always\n"
	"      --json          one JSON object; with --by an object a line\n"
	"      --help\n"
	"\n"
	"Percentiles are right to 3 %. Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

static void print_text(const struct totals *t, struct recording *r, const struct filter *f)
{
	char end[RECORDED_END], program[4 * sizeof r->sources->header->program];

	totals_print(t);
	/* It is of all calls: an open that is not shown says whose the bytes are. */
	if (!filter_by_call(f))
		files_busiest(r, f->pid, 10);
	printf("\n");
	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct source *s = &r->sources[i];
		if (f->pid && s->header->pid != f->pid)
			continue;
		recorded_text(program, sizeof program, s->header->program, sizeof s->header->program);
		printf("%-7d %-16s %10" PRIu64 " records, %s\n", s->header->pid, program, s->records, recorded_end(s->header, end));
	}
}

/* --by=program: each program that a process ran for itself. */
static void print_by_program(struct totals *t, struct recording *r, const struct filter *f, int json)
{
	char end[RECORDED_END];
	int is_by_name = filter_by_name(f, r);

	for (unsigned i = 0; i < r->sources_count; i++) {
		const struct record_header *h = r->sources[i].header;
		if (f->pid && f->pid != h->pid)
			continue;
		totals_add(t, r, i, f, is_by_name, NULL, NULL);
		totals_put_in_order(t);
		if (json) {
			printf("{\"pid\":%d,\"program\":", h->pid);
			print_quoted(stdout, h->program, strnlen(h->program, sizeof h->program));
			printf(",\"end\":\"%s\",\"status\":%d,", recorded_end_word(h), h->status);
			totals_print_json(t);
			printf("\"records\":%" PRIu64 "}\n", r->sources[i].records);
		} else {
			printf("%d ", h->pid);
			print_escaped(stdout, h->program, strnlen(h->program, sizeof h->program));
			printf(": %" PRIu64 " records, %s\n", r->sources[i].records, recorded_end(h, end));
			totals_print(t);
			putchar('\n');
		}
		totals_clear(t);
	}
}

enum by { BY_NOTHING, BY_PROGRAM, BY_FILE };

static int take_by(const char *value, enum by *by)
{
	*by = !strcmp(value, "program") ? BY_PROGRAM : BY_FILE;
	if (*by == BY_PROGRAM || !strcmp(value, "file"))
		return 1;
	print_complaint("sysshim stat: --by=%s: program or file would do", value);
	return 0;
}

int command_stat(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"by", required_argument, NULL, 'b'}, FILTER_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	static struct totals totals;
	struct recording recording;
	struct filter filter;
	enum by by = BY_NOTHING;
	int option, json = 0;

	memset(&totals, 0, sizeof totals);
	filter_all(&filter);
	while ((option = next_option(argc, argv, ":hjcS:" FILTER_OPTIONS, options)) != -1) {
		switch (option) {
		case 'h':
			fputs(stat_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case 'b':
			if (!take_by(optarg, &by))
				return EXIT_USAGE;
			break;
		case 'c':
			break;
		case 'S':
			if (!totals_take_column(optarg))
				return EXIT_USAGE;
			break;
		default:
			if (option == '?' || !filter_take(&filter, option, optarg, "stat"))
				return EXIT_USAGE;
		}
	}
	if (by == BY_FILE && filter_by_call(&filter)) {
		fprintf(stderr, "sysshim stat: --by=file is of all calls: of the filters -p alone would do (sysshim files chooses among paths)\n");
		return EXIT_USAGE;
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	recording.whole = 1;
	if (by == BY_PROGRAM) {
		print_by_program(&totals, &recording, &filter, json);
	} else if (by == BY_FILE) {
		files_by_size(&recording, filter.pid, json);
	} else {
		int is_by_name = filter_by_name(&filter, &recording);
		for (unsigned i = 0; i < recording.sources_count; i++)
			totals_add(&totals, &recording, i, &filter, is_by_name, NULL, NULL);
		totals_put_in_order(&totals);
		if (json) {
			printf("{\"version\":1,");
			totals_print_json(&totals);
		} else {
			print_text(&totals, &recording, &filter);
		}
		totals_clear(&totals);
	}
	if (!json) {
		recording_coverage(&recording, stdout);
	} else if (by) {
		recording_coverage_line(&recording, stdout);
	} else {
		recording_coverage_json(&recording, stdout);
		puts("}");
	}
	filter_met(filter.pid, &recording, "stat");
	return recording_end(&recording, stdout);
}
