/* sysshim files: which files a recorded program opened or executed: options, choice and findings. files_read.c fills the table. */
#include "files.h"
#include "command.h"
#include "files_row.h"
#include "print.h"

#include <fnmatch.h>
#include <getopt.h>
#include <string.h>

const char files_help[] =
	"usage: sysshim files [OPTION...] [RECORDING]\n"
	"\n"
	"Lists each path that was opened or executed: how, how often with success and without, and the first error, of a call that only named it too. How: r read, w written, x executed, c may\n"
	"have been created, t truncated, a appended, d a folder, m mapped, - none of these. RECORDING is a folder that `sysshim run` made; without it, the newest.\n"
	"\n"
	"      --all           also paths that calls only named: stat, access, readlink, unlink, rename, mkdir, ...\n"
	"      --only-missing  only paths that no call found\n"
	"      --only-written  only paths opened for writing, or that such a file was renamed or linked to\n"
	"  -P GLOB             only paths that match; may be repeated. * matches / too\n"
	"      --not=GLOB      no paths that match; may be repeated\n"
	"  -p PID              only this process\n"
	"  -n GLOB             only programs of this name\n"
	"      --tree          as a tree of folders\n"
	"  -0                  paths alone, each with a NUL behind it\n"
	"      --json          an object a line\n"
	"      --format=table|tree|json|fsatrace|make\n"
	"                      fsatrace: r|w|m|d|q|t lines as fsatrace(1) writes them; make: a rule: what was written, from what was read\n"
	"      --expect=FILE   says which paths were opened that the list in FILE (-: stdin) does not allow\n"
	"      --write-expect=FILE  writes such a list: all that was opened\n"
	"      --deny=GLOB     says which paths that match were opened, or tried; may be repeated\n"
	"      --strict        what the recording does not hold is a finding too\n"
	"      --help\n"
	"\n"
	"Paths are absolute, as the calls named them (symbolic links are not followed), relative to the folder of that moment; where it is not known they\n"
	"begin with ?/. What ld.so opened and looked for before the shim's start is among them. A glob is held against a path as it is shown, and without its\n"
	"..; --not and a line of a list do not take what leads out of the folder that they name by ..\n"
	"A line of a list is r, w, x or more of them, a blank, and a glob; # begins a comment.\n"
	"Exit status: 0; 1: --expect, --deny or --strict found something, or a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

static int match(const struct globs *g, const char *path)
{
	for (unsigned i = 0; i < g->count; i++)
		if (fnmatch(g->patterns[i], path, 0) == 0)
			return 1;
	return 0;
}

int globs_match(const struct globs *g, const struct file *file)
{
	return match(g, file->path) || (file->straight != file->path && match(g, file->straight));
}

/* A path that only begins as what is left out, and then leads away from there by `..`, stays. */
static int is_left_out(const struct files *f, const struct file *file)
{
	return match(&f->without, file->path) && match(&f->without, file->straight);
}

int files_name(const struct files *f, const struct file *file)
{
	return (!f->only.count || globs_match(&f->only, file)) && !is_left_out(f, file);
}

int files_take(const struct files *f, const struct file *file)
{
	/* What was written under another name has it by a rename or link. */
	int touched = file->opens || file->failed || file->kernel || file->access & ACCESS_WRITE;

	return (touched || (f->all && file->named)) && (!f->only_missing || (!file->opens && !file->kernel && file->failed)) &&
	       (!f->only_written || file->access & ACCESS_WRITE) && files_name(f, file);
}

/* A variable that is not set must not pass for a rule that nothing breaks. */
static int is_glob(const char *pattern, const char *command, const char *option)
{
	if (*pattern)
		return 1;
	print_complaint("sysshim %s: %s: it is empty; a glob would do", command, option);
	return 0;
}

int globs_take(struct globs *g, const char *pattern, const char *command, const char *option)
{
	if (g->count == FILTER_PATHS) {
		print_complaint("sysshim %s: more than %d patterns for %s", command, FILTER_PATHS, option);
		return 0;
	}
	if (!is_glob(pattern, command, option))
		return 0;
	g->patterns[g->count++] = pattern;
	return 1;
}

static int take_format(struct files *f, const char *value)
{
	static const char *const names[] = {"table", "tree", "json", "-0", "fsatrace", "make"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(value, names[i])) {
			f->format = i;
			return 1;
		}
	print_complaint("sysshim files: --format=%s: there are table, tree, json, fsatrace and make", value);
	return 0;
}

/* Findings, instead of the list: 0, 1 or 2 as the exit status says. */
static int judge(struct files *f, const char *expect)
{
	long found = f->deny.count ? files_denied(f, stdout) : 0, unexpected = expect ? files_expect(f, expect, stdout) : 0;

	if (unexpected < 0)
		return EXIT_USAGE;
	found += unexpected;
	if (f->strict)
		found += files_gaps(f, NULL) || recording_gaps(f->recording);
	recording_coverage(f->recording, stdout);
	files_gaps(f, stdout);
	return found ? EXIT_FOUND : EXIT_FINE;
}

void files_each(struct recording *r, void (*tell)(void *self, const char *path, int pid, int is_written), void *self)
{
	struct files f = {.recording = r};
	struct file *file, *next;

	files_add_all(&f);
	HASH_ITER(hh, f.table, file, next)
	{
		if (file->opens + file->failed)
			tell(self, file->path, file->pids[file->pids_count - 1], file->opens && file->access & (ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE));
	}
	files_free(&f);
}

int command_files(int argc, char **argv)
{
	enum { ONLY_MISSING = 256, ONLY_WRITTEN, ALL, NOT, TREE, FORMAT, EXPECT, WRITE_EXPECT, DENY, STRICT };
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"all", no_argument, NULL, ALL},
						{"only-missing", no_argument, NULL, ONLY_MISSING}, {"only-written", no_argument, NULL, ONLY_WRITTEN},
						{"not", required_argument, NULL, NOT}, {"tree", no_argument, NULL, TREE}, {"format", required_argument, NULL, FORMAT},
						{"expect", required_argument, NULL, EXPECT}, {"write-expect", required_argument, NULL, WRITE_EXPECT},
						{"deny", required_argument, NULL, DENY}, {"strict", no_argument, NULL, STRICT}, {NULL, 0, NULL, 0}};
	struct recording recording;
	struct files f = {.recording = &recording};
	struct filter filter;
	const char *expect = NULL, *write_expect = NULL;
	int option, status = EXIT_FINE;

	filter_all(&filter);
	while ((option = next_option(argc, argv, ":hj0p:P:n:", options)) != -1) {
		switch (option) {
		case 'h':
			fputs(files_help, stdout);
			return EXIT_FINE;
		case 'j':
			f.format = FILES_JSON;
			break;
		case '0':
			f.format = FILES_ZERO;
			break;
		case TREE:
			f.format = FILES_TREE;
			break;
		case FORMAT:
			if (!take_format(&f, optarg))
				return EXIT_USAGE;
			break;
		case ALL:
			f.all = 1;
			break;
		case ONLY_MISSING:
			f.only_missing = 1;
			break;
		case ONLY_WRITTEN:
			f.only_written = 1;
			break;
		case STRICT:
			f.strict = 1;
			break;
		case 'P':
		case NOT:
		case DENY:
			if (!globs_take(option == 'P' ? &f.only : option == NOT ? &f.without : &f.deny, optarg, "files", option == 'P' ? "-P" : option == NOT ? "--not" : "--deny"))
				return EXIT_USAGE;
			break;
		case EXPECT:
			expect = optarg;
			break;
		case WRITE_EXPECT:
			write_expect = optarg;
			break;
		case 'n':
			f.program = optarg;
			if (!is_glob(optarg, "files", "-n"))
				return EXIT_USAGE;
			break;
		case 'p':
			if (!filter_take(&filter, 'p', optarg, "files"))
				return EXIT_USAGE;
			f.pid = filter.pid;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if ((expect || f.deny.count) && f.format != FILES_TABLE) {
		fprintf(stderr, "sysshim files: --expect and --deny say what they find in lines, instead of a list: --json and other forms do not go with them\n");
		return EXIT_USAGE;
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	recording.is_for_files = 1;
	files_add_all(&f);
	HASH_SORT(f.table, file_by_path);
	if (write_expect)
		status = files_write_expect(&f, write_expect);
	if (!status && (expect || f.deny.count))
		status = judge(&f, expect);
	else if (!write_expect)
		files_print(&f);
	if (!status && f.strict && (files_gaps(&f, NULL) || recording_gaps(&recording)))
		status = EXIT_FOUND;
	files_free(&f);
	filter_met(f.pid, &recording, "files");
	int read = recording_end(&recording, stdout);
	return read > status ? read : status;
}
