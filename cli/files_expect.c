/* Lists of what a program may open: an audit for CI. */
#include "files.h"
#include "command.h"
#include "print.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct rule {
	unsigned access;
	char *glob;
};

enum { JUDGED = ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE };

static void print_finding(const char *what, const struct file *file, unsigned access, FILE *to)
{
	char letters[ACCESS_TEXT];

	fprintf(to, "%s: %s ", what, files_access(access, letters));
	print_escaped(to, file->path, strlen(file->path));
	if (file->programs_count) {
		fputs(" (", to);
		print_escaped(to, file->programs[0], strnlen(file->programs[0], 255));
		fputc(')', to);
	}
	fputc('\n', to);
}

static int parse(char *line, struct rule *rule)
{
	size_t letters = strspn(line, "rwx-");

	/* The list may come from a file with CR LF. */
	line[strcspn(line, "\n")] = 0;
	if (*line && line[strlen(line) - 1] == '\r')
		line[strlen(line) - 1] = 0;
	if (!letters || (line[letters] != ' ' && line[letters] != '\t'))
		return 0;
	*rule = (struct rule){0, line + letters + strspn(line + letters, " \t")};
	for (size_t i = 0; i < letters; i++)
		rule->access |= line[i] == 'r' ? ACCESS_READ : line[i] == 'w' ? ACCESS_WRITE : line[i] == 'x' ? ACCESS_EXECUTE : 0;
	return *rule->glob != 0;
}

static struct rule *rules_read(const char *list, size_t *count)
{
	FILE *from = strcmp(list, "-") ? fopen(list, "r") : stdin;
	struct rule *rules = NULL;
	char *line = NULL;
	size_t room = 0, size = 0;
	unsigned number = 0;

	*count = 0;
	if (!from) {
		print_complaint("sysshim files: --expect=%s: %s", list, strerror(errno));
		return NULL;
	}
	rules = grown(rules, 0, &room, sizeof *rules);
	while (getline(&line, &size, from) > 0) {
		struct rule rule;
		number++;
		if (*line == '#' || *line == '\n' || !strcmp(line, "\r\n"))
			continue;
		if (!parse(line, &rule)) {
			print_complaint("sysshim files: %s:%u: a line is r, w, x or more of them (or -), a blank, and a glob", list, number);
			free(rules);
			rules = NULL;
			break;
		}
		rules = grown(rules, *count, &room, sizeof *rules);
		rule.glob = strdup(rule.glob);
		rules[(*count)++] = rule;
	}
	/* A folder can be opened, and not be read. */
	if (rules && ferror(from)) {
		print_complaint("sysshim files: --expect=%s: %s", list, strerror(errno));
		free(rules);
		rules = NULL;
	}
	free(line);
	fclose(from);
	return rules;
}

/* What leads out of an allowed folder by `..` is allowed only by a glob that says so. */
static int allows(const char *glob, const struct file *file)
{
	return fnmatch(glob, file->straight, 0) == 0 || (strstr(glob, "/..") && fnmatch(glob, file->path, 0) == 0);
}

long files_expect(const struct files *f, const char *list, FILE *to)
{
	size_t count;
	struct rule *rules = rules_read(list, &count);
	struct file *file, *next;
	long found = 0;

	if (!rules)
		return -1;
	HASH_ITER(hh, f->table, file, next)
	{
		unsigned left = file->access & JUDGED, listed = 0;
		if (!files_take(f, file) || !(file->opens || file->kernel))
			continue;
		for (size_t i = 0; i < count && (left || !listed); i++)
			if (allows(rules[i].glob, file)) {
				left &= ~rules[i].access;
				listed = 1;
			}
		if (!left && listed)
			continue;
		print_finding("unexpected", file, left, to);
		found++;
	}
	for (size_t i = 0; i < count; i++)
		free(rules[i].glob);
	free(rules);
	return found;
}

long files_denied(const struct files *f, FILE *to)
{
	struct file *file, *next;
	long found = 0;

	HASH_ITER(hh, f->table, file, next)
	{
		if (!files_take(f, file) || !globs_match(&f->deny, file))
			continue;
		print_finding(file->opens || file->kernel ? "denied" : "denied, tried in vain", file, file->access & JUDGED, to);
		found++;
	}
	return found;
}

/* What a glob would take for a pattern is quoted, and what would be the end of a line. */
static void put_glob(const char *path, FILE *to)
{
	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			fputc('\\', to);
		fprintf(to, *path == '\r' ? "[%c]" : "%c", *path);
	}
}

int files_write_expect(const struct files *f, const char *list)
{
	FILE *to = strcmp(list, "-") ? fopen(list, "w") : stdout;
	struct file *file, *next;
	char letters[ACCESS_TEXT];
	unsigned left_out = 0;

	if (!to) {
		print_complaint("sysshim files: --write-expect=%s: %s", list, strerror(errno));
		return EXIT_USAGE;
	}
	fprintf(to, "# Files that may be opened: r read, w written, x executed; then a glob. Made by sysshim files --write-expect\n");
	HASH_ITER(hh, f->table, file, next)
	{
		if (!files_take(f, file) || !(file->opens || file->kernel))
			continue;
		if (strchr(file->path, '\n')) {
			left_out++;
			continue;
		}
		fprintf(to, "%s ", files_access(file->access & JUDGED, letters));
		put_glob(file->path, to);
		fputc('\n', to);
	}
	if (left_out)
		fprintf(stderr, "sysshim files: %u paths with a newline cannot stand in a list\n", left_out);
	/* At stdout recording_end looks. */
	if (to == stdout)
		return EXIT_FINE;
	int failed = ferror(to);
	failed |= fclose(to) != 0;
	if (failed)
		print_complaint("sysshim files: --write-expect=%s: %s", list, strerror(errno));
	return failed ? EXIT_OURS : EXIT_FINE;
}
