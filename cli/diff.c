/* sysshim diff: what one recording has and another has not. */
#include "command.h"
#include "files.h"
#include "files_row.h"
#include "print.h"
#include "totals.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char diff_help[] =
	"usage: sysshim diff [OPTION...] [A] [B]\n"
	"\n"
	"Compares two recordings: which files were opened or executed in one alone or in another way, which calls were made more or less often, how their first\n"
	"programs ended. Without B: A with the newest; without both: the newest with the one before.\n"
	"\n"
	"      --all           also paths that calls only named: stat, access, readlink, unlink, rename, mkdir, ...\n"
	"  -P GLOB             only paths that match; may be repeated. * matches / too\n"
	"      --not=GLOB      no paths that match (temporary names, ...); may be repeated\n"
	"      --json          an object a line\n"
	"      --help\n"
	"\n"
	"- stands before what only A has, + before what only B has, ~ before what both have in another way: letters of access as `sysshim files` has them (but d and m), or the\n"
	"first error. Calls are listed where their number or their errors differ, or their time by more than a tenth and a millisecond.\n"
	"Exit status: 0: the same files, and the same end; 1: other files or another end, or a part of a recording could not be read; 2: wrong usage, or nothing\n"
	"to read; 125: the output could not be written.\n";

enum { SIDES = 2, NOTED = ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE | ACCESS_CREATE | ACCESS_TRUNCATE | ACCESS_APPEND };

struct side {
	char *found; /* its path, where nobody named one */
	struct recording recording;
	struct files files;
	struct totals totals;
	const struct record_header *first; /* of the program that was started */
};

/* As it differs where it differs: how it was opened, or why not. */
struct outcome {
	unsigned access;
	int error;
	int is_opened;
};

static struct outcome outcome_of(const struct file *file)
{
	int is_opened = file->opens || file->kernel || file->access & ACCESS_WRITE;

	return (struct outcome){file->access & NOTED, is_opened ? 0 : file->error, is_opened};
}

static int is_same(const struct file *a, const struct file *b)
{
	struct outcome x = outcome_of(a), y = outcome_of(b);

	return x.access == y.access && x.error == y.error && x.is_opened == y.is_opened;
}

/* A word for it: "rw", "ENOENT", "named". */
static const char *word_of(const struct file *file, char room[ACCESS_TEXT])
{
	struct outcome o = outcome_of(file);

	if (o.is_opened)
		return files_access(o.access, room);
	return o.error && errno_name((unsigned)o.error) ? errno_name((unsigned)o.error) : "named";
}

static void json_file(const char *name, const struct file *file)
{
	char room[ACCESS_TEXT];

	printf(",\"%s\":", name);
	if (file)
		printf("{\"access\":\"%s\",\"opens\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"errno\":%s%s%s,\"read_bytes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 "}",
		       files_access(file->access, room), file->opens, file->failed, file->error ? "\"" : "",
		       file->error ? (errno_name((unsigned)file->error) ? errno_name((unsigned)file->error) : "?") : "null", file->error ? "\"" : "", file->read, file->written);
	else
		printf("null");
}

static void tell_file(const struct file *a, const struct file *b, int json)
{
	char rooms[SIDES][ACCESS_TEXT];
	const char *path = (a ? a : b)->path;

	if (json) {
		printf("{\"path\":");
		print_quoted(stdout, path, strlen(path));
		json_file("a", a);
		json_file("b", b);
		puts("}");
		return;
	}
	if (a && b)
		printf("~ %s -> %s ", word_of(a, rooms[0]), word_of(b, rooms[1]));
	else
		printf("%c %s ", a ? '-' : '+', word_of(a ? a : b, rooms[0]));
	print_escaped(stdout, path, strlen(path));
	putchar('\n');
}

static const struct file *next_taken(const struct files *f, const struct file *file)
{
	while (file && !files_take(f, file))
		file = file->hh.next;
	return file;
}

/* Both tables are in the order of their paths. The number of differences. */
static unsigned compare_files(const struct side sides[SIDES], int json)
{
	const struct files *fa = &sides[0].files, *fb = &sides[1].files;
	const struct file *a = next_taken(fa, fa->table), *b = next_taken(fb, fb->table);
	unsigned found = 0;

	while (a || b) {
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
		if (order || !is_same(a, b)) {
			tell_file(order > 0 ? NULL : a, order < 0 ? NULL : b, json);
			found++;
		}
		a = order <= 0 ? next_taken(fa, a->hh.next) : a;
		b = order >= 0 ? next_taken(fb, b->hh.next) : b;
	}
	return found;
}

struct moved {
	const struct row *a, *b;
};

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static int has_moved(const struct moved *m)
{
	uint64_t time = apart(m->a->nanoseconds, m->b->nanoseconds), more = m->a->nanoseconds > m->b->nanoseconds ? m->a->nanoseconds : m->b->nanoseconds;

	return m->a->calls != m->b->calls || m->a->errors != m->b->errors || (time > 1000000 && time > more / 10);
}

/* Those that took most time more or less first. */
static int by_move(const void *x, const void *y)
{
	const struct moved *a = x, *b = y;
	uint64_t p = apart(a->a->nanoseconds, a->b->nanoseconds), q = apart(b->a->nanoseconds, b->b->nanoseconds);

	return p != q ? (p < q ? 1 : -1) : (int)a->a->number - (int)b->a->number;
}

static void json_row(const char *name, const struct row *row)
{
	printf(",\"%s\":{\"calls\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"nanoseconds\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", name, row->calls, row->errors, row->nanoseconds, row->bytes);
}

static void compare_calls(const struct side sides[SIDES], int json)
{
	struct moved moved[SYSCALL_LIMIT];
	unsigned count = 0;

	for (unsigned i = 0; i < SYSCALL_LIMIT; i++) {
		struct moved m = {&sides[0].totals.rows[i], &sides[1].totals.rows[i]};
		if (has_moved(&m))
			moved[count++] = m;
	}
	qsort(moved, count, sizeof *moved, by_move);
	if (count && !json)
		printf("\n    calls A     calls B  errors A  errors B   seconds A   seconds B  syscall\n");
	for (unsigned i = 0; i < count; i++) {
		const struct row *a = moved[i].a, *b = moved[i].b;
		char room[ROW_NAME];
		const char *name = totals_name(a, room);
		if (json) {
			printf("{\"call\":\"%s\"", name);
			json_row("a", a);
			json_row("b", b);
			puts("}");
		} else {
			printf("%11" PRIu64 " %11" PRIu64 " %9" PRIu64 " %9" PRIu64 " %11.6f %11.6f  %s\n", a->calls, b->calls, a->errors, b->errors, (double)a->nanoseconds / 1e9,
			       (double)b->nanoseconds / 1e9, name);
		}
	}
}

/* How the process ended that was started: by the last image of the one that began first. */
static const struct record_header *end_of(const struct side *s)
{
	const struct record_header *last = s->first;

	for (unsigned i = 0; i < s->recording.sources_count; i++) {
		const struct record_header *h = s->recording.sources[i].header;
		if (h->pid == s->first->pid && h->began > last->began)
			last = h;
	}
	return last;
}

static void print_side(char sign, const struct side *s)
{
	char end[RECORDED_END], program[4 * sizeof s->first->program];
	const struct record_header *last = end_of(s);

	printf("%c%c%c ", sign, sign, sign);
	print_sentence(stdout, s->recording.path);
	printf(": %s, %s", recorded_text(program, sizeof program, s->first->program, sizeof s->first->program), recorded_end(last, end));
	if (last->ended > s->first->began)
		printf(" after %.6f s", (double)(last->ended - s->first->began) / 1e9);
	putchar('\n');
}

static void json_side(const char *name, const struct side *s)
{
	const struct record_header *last = end_of(s);

	printf("\"%s\":{\"recording\":", name);
	print_quoted(stdout, s->recording.path, strlen(s->recording.path));
	printf(",\"program\":");
	print_quoted(stdout, s->first->program, strnlen(s->first->program, sizeof s->first->program));
	printf(",\"end\":\"%s\",\"status\":%d,\"duration_ns\":%" PRIu64 ",", recorded_end_word(last), last->status, last->ended > s->first->began ? last->ended - s->first->began : 0);
	recording_coverage_json(&s->recording, stdout);
	files_gaps_json(&s->files, stdout);
	putchar('}');
}

/* What both have of themselves. 0: it cannot be read, which was said. */
static int read_side(struct side *s, const char *path, const struct files *chosen)
{
	struct filter all;

	if (!recording_read_at(&s->recording, "diff", path))
		return 0;
	s->files = *chosen;
	s->files.recording = &s->recording;
	filter_all(&all);
	files_add_all(&s->files);
	HASH_SORT(s->files.table, file_by_path);
	s->first = recording_first(&s->recording);
	for (unsigned i = 0; i < s->recording.sources_count; i++)
		totals_add(&s->totals, &s->recording, i, &all, 1, NULL, NULL);
	for (unsigned i = 0; i < SYSCALL_LIMIT; i++)
		s->totals.rows[i].number = i;
	return 1;
}

static int end_side(struct side *s)
{
	totals_clear(&s->totals);
	files_free(&s->files);
	int status = recording_end(&s->recording, stdout);
	free(s->found);
	return status;
}

static unsigned compare(const struct side sides[SIDES], int json)
{
	const struct record_header *ends[SIDES] = {end_of(&sides[0]), end_of(&sides[1])};
	unsigned found = ends[0]->end != ends[1]->end || ends[0]->status != ends[1]->status;

	if (!json) {
		print_side('-', &sides[0]);
		print_side('+', &sides[1]);
	}
	found += compare_files(sides, json);
	compare_calls(sides, json);
	if (json) {
		putchar('{');
		json_side("a", &sides[0]);
		putchar(',');
		json_side("b", &sides[1]);
		puts("}");
		return found;
	}
	putchar('\n');
	for (unsigned i = 0; i < SIDES; i++) {
		printf("%c ", 'A' + (char)i);
		recording_coverage(&sides[i].recording, stdout);
		files_gaps(&sides[i].files, stdout);
	}
	return found;
}

/* Which two. 0: there are not so many, or too many are named, which was said. */
static int choose(struct side sides[SIDES], const char *paths[SIDES], int argc, char **argv)
{
	int named = argc - optind;

	if (named > SIDES) {
		print_complaint("sysshim diff: two recordings, not also '%s'", argv[optind + SIDES]);
		return 0;
	}
	for (int i = 0; i < SIDES; i++) {
		sides[i].found = i < named ? NULL : recording_newest(SIDES - 1 - i);
		paths[i] = i < named ? argv[optind + i] : sides[i].found;
		if (!paths[i]) {
			fprintf(stderr, "sysshim diff: there are not two recordings yet; make one with: sysshim run -- PROGRAM\n");
			return 0;
		}
	}
	return 1;
}

int command_diff(int argc, char **argv)
{
	enum { ALL = 256, NOT };
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"all", no_argument, NULL, ALL},
						{"not", required_argument, NULL, NOT}, {NULL, 0, NULL, 0}};
	static struct side sides[SIDES];
	const char *paths[SIDES];
	struct files chosen = {0};
	int option, json = 0;

	memset(sides, 0, sizeof sides);
	while ((option = next_option(argc, argv, ":hjP:", options)) != -1) {
		switch (option) {
		case 'h':
			fputs(diff_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case ALL:
			chosen.all = 1;
			break;
		case 'P':
		case NOT:
			if (!globs_take(option == 'P' ? &chosen.only : &chosen.without, optarg, "diff", option == 'P' ? "-P" : "--not"))
				return EXIT_USAGE;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (!choose(sides, paths, argc, argv) || !read_side(&sides[0], paths[0], &chosen) || !read_side(&sides[1], paths[1], &chosen))
		return EXIT_USAGE;
	int status = compare(sides, json) ? EXIT_FOUND : EXIT_FINE;
	for (unsigned i = 0; i < SIDES; i++) {
		int read = end_side(&sides[i]);
		status = read > status ? read : status;
	}
	return status;
}
