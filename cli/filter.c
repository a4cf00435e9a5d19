/* Filters on reading. */
#include "filter.h"
#include "ahead.h"
#include "print.h"
#include "../format/json.h"
#include "../format/trace_set.h"

#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

void filter_all(struct filter *f)
{
	*f = (struct filter){0};
	memset(f->trace, 0xff, sizeof f->trace);
}

static int take_duration(uint64_t *to, const char *value)
{
	static const struct {
		const char *unit;
		double nanoseconds;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1e9}};
	char *end;
	double number = strtod(value, &end);

	for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++)
		if (end != value && number >= 0 && number * units[i].nanoseconds < 1e18 && !strcmp(end, units[i].unit)) {
			*to = (uint64_t)(number * units[i].nanoseconds);
			return 1;
		}
	return 0;
}

int filter_duration(uint64_t *to, const char *value, const char *command)
{
	if (take_duration(to, value))
		return 1;
	print_complaint("sysshim %s: --min-duration=%s: a number with ns, us, ms or s behind it would do", command, value);
	return 0;
}

static int complain_of_pattern(const char *command, const char *pattern, int size, const char *why)
{
	print_complaint("sysshim %s: -e trace=%.*s: %s", command, size, pattern, why);
	return 0;
}

/* 0: said. */
static int put_matching(FILE *to, const char *pattern, int size, const char *command)
{
	char text[256], why[128];
	regex_t regex;
	int found = 0;

	if (size >= (int)sizeof text)
		return complain_of_pattern(command, pattern, size, "the pattern is too long");
	snprintf(text, sizeof text, "%.*s", size - 1, pattern + 1);
	int error = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);
	if (error) {
		regerror(error, &regex, why, sizeof why);
		return complain_of_pattern(command, pattern, size, why);
	}
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		const char *name = syscall_name(number);
		if (name && regexec(&regex, name, 0, NULL, 0) == 0)
			fprintf(to, "%s%s", found++ ? "," : "", name);
	}
	regfree(&regex);
	return found || complain_of_pattern(command, pattern, size, "no system call matches");
}

char *filter_words(const char *words, const char *command)
{
	char *expanded = NULL;
	size_t expanded_size = 0;
	FILE *to = open_memstream(&expanded, &expanded_size);
	int fine = to != NULL, opposite = *words == '!';

	if (fine && opposite)
		fputc('!', to);
	for (words += opposite; fine;) {
		int size = (int)strcspn(words, ",");
		if (*words == '/')
			fine = put_matching(to, words, size, command);
		else
			fprintf(to, "%.*s", size, words);
		if (!words[size])
			break;
		fputc(',', to);
		words += size + 1;
	}
	if (to && fclose(to) == 0 && fine)
		return expanded;
	free(expanded);
	return NULL;
}

const char *filter_qualified(const char *value, const char *qualifier)
{
	size_t size = strlen(qualifier);

	return !strncmp(value, qualifier, size) && value[size] == '=' ? value + size + 1 : NULL;
}

const char *filter_set_text(const char *value)
{
	const char *set = filter_qualified(value, "trace");

	if (!set)
		set = filter_qualified(value, "t");
	return set || strchr(value, '=') ? set : value;
}

int filter_status(const char *value)
{
	const char *status = filter_qualified(value, "status");

	return !status ? 0 : !strcmp(status, "successful") ? 'z' : !strcmp(status, "failed") ? 'Z' : 0;
}

char *filter_set(uint64_t set[SYSCALL_LIMIT / 64], const char *value, const char *command)
{
	const char *text = filter_set_text(value), *wrong;
	int is_run = !strcmp(command, "run");

	if (!text) {
		print_complaint("sysshim %s: -e %s: only trace=SET, status=successful and status=failed%s are known", command, value,
			is_run ? ", inject=RULE and fault=RULE" : "");
		return NULL;
	}
	char *words = filter_words(text, command);
	if (!words || trace_set_parse(set, words, &wrong) == 0)
		return words;
	print_complaint("sysshim %s: -e %s: '%.*s' is no system call and no class; sysshim %s --help lists the classes", command, value,
		(int)strcspn(wrong, ","), wrong, is_run ? "trace" : command);
	free(words);
	return NULL;
}

static int take_calls(struct filter *f, const char *value, const char *command)
{
	char *words = filter_set(f->trace, value, command);

	free(words);
	return words != NULL;
}

int filter_take(struct filter *f, int option, const char *value, const char *command)
{
	char *end;
	long number;

	switch (option) {
	case 'e':
		option = filter_status(value);
		return option ? filter_take(f, option, value, command) : take_calls(f, value, command);
	case 'p':
		number = strtol(value, &end, 10);
		f->pid = (int)number;
		if (number > 0 && number <= INT_MAX && !*end)
			return 1;
		print_complaint("sysshim %s: -p %s: not a process number; 1 or more would be", command, value);
		return 0;
	case 'P':
		if (f->paths_count == FILTER_PATHS) {
			print_complaint("sysshim %s: -P: at most %d paths", command, FILTER_PATHS);
			return 0;
		}
		f->paths[f->paths_count++] = value;
		return 1;
	case FILTER_MIN_DURATION:
		return filter_duration(&f->least, value, command);
	/* The last one counts, as with run and strace. */
	case 'z':
	case 'Z':
		f->only_good = option == 'z';
		f->only_failed = option == 'Z';
		return 1;
	default:
		return 0;
	}
}

/* Any of its paths: a rename has two. */
static int names_path(const struct filter *f, const struct text_call *call, const struct recorded_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	char path[RECORDED_PATH];

	for (unsigned i = 0; f->paths_count && row && i < 6; i++) {
		const char *given = row->kinds[i] == ARG_PATH ? text_string_at(&memory->memory, call->arguments[i], path, sizeof path) : NULL;
		for (unsigned k = 0; given && k < f->paths_count; k++)
			if (!strcmp(given, f->paths[k]))
				return 1;
	}
	return !f->paths_count;
}

int filter_by_end(const struct filter *f)
{
	return f->only_good || f->only_failed || f->least;
}

int filter_by_outcome(const struct filter *f)
{
	return filter_by_end(f) || f->paths_count;
}

int filter_ends_exec(const struct filter *f, const struct recording *r, const struct event *e)
{
	return filter_by_outcome(f) ? is_exec_done(r, e) : is_exec_of_image(r, e);
}

int filter_by_call(const struct filter *f)
{
	struct filter all;

	filter_all(&all);
	return filter_by_outcome(f) || memcmp(f->trace, all.trace, sizeof all.trace) != 0;
}

int filter_by_name(const struct filter *f, const struct recording *r)
{
	int is_process = !f->pid;

	for (unsigned i = 0; i < r->sources_count; i++)
		is_process |= r->sources[i].header->pid == f->pid;
	return is_process && !filter_by_end(f) && !f->paths_count;
}

static int is_long_enough(const struct filter *f, const struct record_word *word)
{
	return !f->least || (word->kind == RECORD_CALL && ((const struct record_call *)word)->duration >= f->least);
}

static int has_flag(uint64_t number, unsigned flag)
{
	const struct syscall_row *row = syscall_row(number);

	return row && row->flags & flag;
}

/* There was a call of -p's process or thread. */
static int is_met;

int filter_takes_thread(int pid, const struct recording *r, const struct event *e, int thread)
{
	if (pid && pid != thread && pid != vforked_pid(r, e, thread))
		return 0;
	return is_met = 1;
}

void filter_met(int pid, const struct recording *r, const char *command)
{
	for (unsigned i = 0; i < r->sources_count; i++)
		is_met |= r->sources[i].header->pid == pid;
	if (pid && !is_met)
		print_complaint("sysshim %s: -p %d: no process or thread of this recording has this number", command, pid);
}

int filter_takes(const struct filter *f, const struct recording *r, const struct event *e)
{
	const struct record_word *word = event_record(r, e);
	const struct source *s = &r->sources[e->source];
	struct recorded_memory memory;
	struct text_call call;

	if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_COALESCED)
		return 0;
	int thread = recorded_call(s, word, &call, &memory), failed = is_failure(call.result);
	if (!filter_takes_thread(f->pid, r, e, thread))
		return 0;
	if (!is_long_enough(f, word) || (is_exec_end(word) && filter_by_outcome(f)) || (word->kind == RECORD_BEGIN && filter_by_end(f) && !is_exec_done(r, e)))
		return 0;
	uint64_t number = call.number < SYSCALL_LIMIT ? call.number : SYSCALL_LIMIT - 1;
	/* What nobody has asked for was recorded for the sake of paths and descriptors. */
	if (!trace_set_has(f->trace, number) || !trace_set_has(s->header->trace, call.number))
		return 0;
	/* As strace: what does not return neither succeeds nor fails. */
	if ((f->only_good || f->only_failed) && !failed && has_flag(number, CALL_NORETURN))
		return 0;
	return !(f->only_good && failed) && !(f->only_failed && !failed) && names_path(f, &call, &memory);
}
