/* The audit's table in its forms. */
#include "files.h"
#include "places.h"
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *files_access(unsigned access, char text[ACCESS_TEXT])
{
	static const char letters[] = "rwxctadm";
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof letters - 1; i++)
		if (access >> i & 1)
			text[n++] = letters[i];
	if (!n)
		text[n++] = '-';
	text[n] = 0;
	return text;
}

static void put_errors(const struct file *file)
{
	int any = 0;

	for (unsigned error = 1; error < ERRORS; error++) {
		const char *name = file->errors[error / 64] >> (error % 64) & 1 ? errno_name(error) : NULL;
		if (name)
			printf("%s\"%s\"", any++ ? "," : "", name);
	}
}

static int by_number(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void print_json(const struct file *file)
{
	char access[ACCESS_TEXT];

	printf("{\"path\":");
	print_quoted(stdout, file->path, strlen(file->path));
	printf(",\"given\":");
	print_quoted(stdout, file->given, strlen(file->given));
	printf(",\"access\":\"%s\",\"opens\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"errnos\":[", files_access(file->access, access), file->opens, file->failed);
	put_errors(file);
	printf("],\"read_bytes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 ",\"pids\":[", file->read, file->written);
	qsort(file->pids, file->pids_count, sizeof *file->pids, by_number);
	for (size_t i = 0; i < file->pids_count; i++)
		printf("%s%d", i ? "," : "", file->pids[i]);
	printf("],\"programs\":[");
	for (size_t i = 0; i < file->programs_count; i++) {
		if (i)
			putchar(',');
		print_quoted(stdout, file->programs[i], strnlen(file->programs[i], 255));
	}
	printf("],\"named\":%" PRIu64 ",\"by_kernel\":%" PRIu64 ",\"resolved\":%s,\"removed\":%s,\"first_ns\":%" PRIu64 ",\"last_ns\":%" PRIu64 "}\n", file->named,
	       file->kernel, file->unresolved ? "false" : "true", file->removed ? "true" : "false", file->first, file->last);
}

static void print_row(const struct file *file)
{
	char access[ACCESS_TEXT];
	const char *error = file->error ? errno_name((unsigned)file->error) : "";

	printf("%-8s %7" PRIu64 " %7" PRIu64 " %-8s ", files_access(file->access, access), file->opens, file->failed, error ? error : "");
	print_escaped(stdout, file->path, strlen(file->path));
	putchar('\n');
}

/* The parts of a path that the line above has too are not said again. */
static void print_branch(const struct file *file, char *above, size_t size)
{
	char access[ACCESS_TEXT];
	const char *path = file->path;
	size_t same = 0, depth = 0;

	for (size_t i = 0; path[i] && path[i] == above[i]; i++)
		if (path[i] == '/') {
			same = i + 1;
			depth++;
		}
	if (strlen(above) && !strncmp(path, above, strlen(above)) && path[strlen(above)] == '/') {
		same = strlen(above) + 1;
		depth++;
	}
	for (const char *part = path + same; *part;) {
		size_t length = strcspn(part, "/");
		int last = !part[length];
		printf("%*s", (int)(2 * depth), "");
		print_escaped(stdout, part, length);
		if (last)
			printf("  %s%s%s", files_access(file->access, access), file->error ? " " : "", file->error && errno_name((unsigned)file->error) ? errno_name((unsigned)file->error) : "");
		else
			putchar('/');
		putchar('\n');
		depth++;
		part += length + !last;
	}
	if (!strcmp(path, "/"))
		printf("/  %s\n", files_access(file->access, access));
	snprintf(above, size, "%s", path);
}

static int is_prerequisite(const struct file *file)
{
	return file->opens && file->access & (ACCESS_READ | ACCESS_EXECUTE) && !(file->access & (ACCESS_WRITE | ACCESS_FOLDER)) && !file->removed && !file->unresolved;
}

static int is_target(const struct file *file)
{
	return file->access & ACCESS_WRITE && !file->removed && !file->unresolved;
}

/* Devices and what the kernel makes up are nobody's source. */
static int is_made_up(const char *path)
{
	return !strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5);
}

/* make(1) has no way to write one with these: a line's end, what ends a rule, a backslash that the next blank would belong to, lib(member). */
static int can_stand_in_rule(const char *path)
{
	size_t length = strlen(path);

	return !strpbrk(path, "\n;") && path[length - 1] != '\\' && !(path[length - 1] == ')' && strchr(path, '('));
}

/* As gcc -M writes names; beside that an equals sign would make a variable, a bar what comes behind it order-only. */
static void put_make(const char *path, int is_prerequisite)
{
	const char *special = is_prerequisite ? " \t#:|" : " \t#:%";

	for (size_t backslashes = 0; *path; path++) {
		/* Those in front of a quoted one are quoted themselves. */
		for (size_t i = 0; strchr(special, *path) && i < backslashes + 1; i++)
			putchar('\\');
		backslashes = *path == '\\' ? backslashes + 1 : 0;
		if (*path == '$')
			putchar('$');
		if (*path == '=')
			fputs("$(or =)", stdout);
		else
			putchar(*path);
	}
}

static void print_rule(const struct files *f)
{
	struct file *file, *next;
	unsigned targets = 0, left_out = 0;

	for (int pass = 0; pass < 2; pass++) {
		HASH_ITER(hh, f->table, file, next)
		{
			if (!files_take(f, file) || is_made_up(file->path) || !(pass ? is_prerequisite(file) : is_target(file)))
				continue;
			if (!can_stand_in_rule(file->path)) {
				left_out++;
				continue;
			}
			printf("%s", pass ? " \\\n  " : targets ? " " : "");
			put_make(file->path, pass);
			targets += !pass;
		}
		if (!pass && !targets) {
			fprintf(stderr, "sysshim files: nothing was written, so there is no target for a rule\n");
			return;
		}
		printf("%s", pass ? "\n" : ":");
	}
	if (left_out)
		fprintf(stderr, "sysshim files: %u paths cannot stand in a rule: with a newline, a semicolon, a backslash at the end, or as library(member)\n", left_out);
}

/* What fsatrace(1) writes: r|path, w|path, d|path, q|path, t|path, m|to|from; each once, until the name has changed hands. */
void files_fsatrace(const struct files *f, char operation, struct file *file, const struct file *before)
{
	unsigned bit = 1u << (operation - 'a');

	int renames = before || operation == OPERATION_DELETE;
	if (!(renames ? files_name(f, file) || (before && files_name(f, before)) : files_take(f, file)))
		return;
	if (file->told & bit && operation != OPERATION_MOVE)
		return;
	file->told |= bit;
	if (operation == OPERATION_DELETE || operation == OPERATION_MOVE)
		file->told = 0;
	printf("%c|%s", operation, file->path);
	if (operation == OPERATION_MOVE)
		printf("|%s", before->path);
	putchar('\n');
}

void files_print(struct files *f)
{
	struct file *file, *next;
	char above[PATH_ROOM] = "";

	if (f->format == FILES_TABLE)
		printf("access     opens  failed errno    path\n");
	if (f->format == FILES_MAKE)
		print_rule(f);
	HASH_ITER(hh, f->table, file, next)
	{
		if (!files_take(f, file))
			continue;
		if (f->format == FILES_JSON)
			print_json(file);
		else if (f->format == FILES_TABLE)
			print_row(file);
		else if (f->format == FILES_TREE)
			print_branch(file, above, sizeof above);
		else if (f->format == FILES_ZERO)
			fwrite(file->path, 1, strlen(file->path) + 1, stdout);
	}
	if (f->format == FILES_JSON) {
		printf("{");
		recording_coverage_json(f->recording, stdout);
		files_gaps_json(f, stdout);
		printf("}\n");
		return;
	}
	FILE *to = f->format == FILES_TABLE || f->format == FILES_TREE ? stdout : stderr;
	recording_coverage(f->recording, to);
	files_gaps(f, to);
}
