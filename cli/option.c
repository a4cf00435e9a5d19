/* Options of the commands, and what is said of wrong ones. */
#include "command.h"
#include "print.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

const char *option_beside(const char *at)
{
	/* Behind the value, if there is one. */
	while (*at && *at != '\n' && *at != ',' && strncmp(at, "  ", 2) != 0)
		at++;
	return strncmp(at, ", ", 2) == 0 ? at + 2 : NULL;
}

/* Does a command's help list it? */
static int has_option(const char *help, const char *option)
{
	for (size_t size; *help; help += size + (help[size] == '\n')) {
		const char *at = help + strspn(help, " ");
		size = strcspn(help, "\n");
		for (size_t length; at && at > help && *at == '-'; at = option_beside(at + length)) {
			length = strcspn(at, " ,=[\n");
			if (length == strlen(option) && !strncmp(at, option, length))
				return 1;
		}
	}
	return 0;
}

/* Who knows an option of strace's, or another command's, and has asked the wrong one. */
static void tell_others(char *to, size_t size, const char *option, const char *it)
{
	unsigned others = 0;
	size_t length = 0;

	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, "run") && has_option(c->help, option))
			length += (size_t)snprintf(to + length, size - length, "%s %s", others++ ? "," : ", but sysshim", c->name);
	if (others)
		snprintf(to + length, size - length, " %s %s", others > 1 ? "have" : "has", it);
}

/* strace's word for an option that has a letter alone here; the letter, or NULL. */
static const char *letter_of(const char *option)
{
	static const char *const names[][2] = {{"-C", "-c"}, {"--summary", "-c"}, {"--summary-only", "-c"}, {"--absolute-timestamps", "-t"}, {"--decode-fds", "-y"}, {"--env", "-E"}, {"--failed-only", "-Z"}, {"--fault", "-e"},
					       {"--follow-forks", "-f"}, {"--output", "-o"}, {"--output-separately", "-ff"}, {"--relative-timestamps", "-r"}, {"--status", "-e"},
					       {"--string-limit", "-s"}, {"--successful-only", "-z"}, {"--summary-sort-by", "-S"}, {"--syscall-times", "-T"}, {"--trace-path", "-P"}};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(option, names[i][0]))
			return names[i][1];
	return NULL;
}

static const char *help_of(const char *command)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, command))
			return c->help;
	return "";
}

static void tell_better(char *to, size_t size, const char *command, const char *option)
{
	const char *letter = letter_of(option);

	/* run's -c is another one. */
	if (letter && strcmp(letter, "-c") != 0 && has_option(help_of(command), letter))
		snprintf(to, size, ", but %s is the same", letter);
	else
		tell_others(to, size, letter ? letter : option, letter ? letter : "it");
}

int next_option(int argc, char **argv, const char *letters, const struct option *options)
{
	opterr = 0;
	int option = getopt_long(argc, argv, letters, options, NULL);
	if (option != '?' && option != ':')
		return option;
	/* What was wrong stands before optind, or among letters that stand together: then what stands before them may be a long one, which is not wrong. */
	const char *word = argv[optind - 1];
	char letter[] = {'-', (char)optopt, 0};
	int is_long = word && !strncmp(word, "--", 2) && (option == ':' || !optopt || strchr(word, '=')), alike = 0;
	for (const struct option *o = options; is_long && o->name; o++)
		alike += !strncmp(o->name, word + 2, strlen(word + 2));
	const char *wrong = option == ':'	? "this option requires an argument" :
			    is_long && optopt	? "this option takes no argument" :
			    alike		? "more than one option begins so" :
						  "there is no such option";
	char others[256] = "";
	if (option == '?' && !alike && !(is_long && optopt)) {
		char name[64];
		snprintf(name, sizeof name, "%.*s", is_long ? (int)strcspn(word, "=") : 2, is_long ? word : letter);
		tell_better(others, sizeof others, argv[0], name);
	}
	print_complaint("sysshim %s: %s: %s%s; see sysshim %s --help", argv[0], is_long ? word : letter, wrong, others, argv[0]);
	return '?';
}
