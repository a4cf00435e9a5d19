/* sysshim completion: what the Tab key offers. Commands are those of main.c's table, options those that stand in their help. */
#include "command.h"
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char completion_help[] =
	"usage: sysshim completion\n"
	"\n"
	"Prints what lets the Tab key complete sysshim's commands and options. In ~/.bashrc (in ~/.zshrc behind `autoload -U compinit bashcompinit; compinit; bashcompinit`):\n"
	"\n"
	"  eval \"$(sysshim completion)\"\n"
	"\n"
	"      --help\n";

/* The options of a line of help stand in front of two blanks: "  -e trace=SET, --trace=SET  only ..."; or of its end. What is whole ends in a blank:
 * bash is told to put none (-o nospace), as a value follows some. */
static void options_of_line(const char *line, size_t size, const char *word)
{
	const char *end = line + size, *at = line + strspn(line, " ");

	while (at && at < end && *at == '-') {
		size_t length = strcspn(at, " ,=[\n"), whole = length + (at[length] == '=');
		if (!strncmp(at, word, strlen(word)))
			printf("%.*s%s\n", (int)whole, at, at[length] == '=' ? "" : " ");
		at = option_beside(at + length);
	}
}

static void options(const char *help, const char *word)
{
	for (size_t size; *help; help += size + (help[size] == '\n')) {
		size = strcspn(help, "\n");
		if (*help == ' ')
			options_of_line(help, size, word);
	}
}

/* The second word of the line that is being written: the command, if it stands there whole. */
static const struct command *command_of(const char *line)
{
	line += strspn(line, " ");
	line += strcspn(line, " ");
	line += strspn(line, " ");
	for (const struct command *c = commands; c->name; c++)
		if (!strncmp(line, c->name, strlen(c->name)) && line[strlen(c->name)] == ' ')
			return c;
	return NULL;
}

static void offer(const char *word)
{
	const char *line = getenv("COMP_LINE");
	const struct command *command = command_of(line ? line : "");

	if (command) {
		options(command->help, word);
		return;
	}
	for (const struct command *c = commands; c->name; c++)
		if (!strncmp(c->name, word, strlen(word)))
			printf("%s \n", c->name);
	if (*word == '-')
		options("  --help, --version", word);
}

/* The word in which COMP_POINT stands, up to there. */
static const char *word_of_line(void)
{
	static char line[4096];
	const char *whole = getenv("COMP_LINE"), *point = getenv("COMP_POINT");
	size_t size = point ? strtoul(point, NULL, 10) : sizeof line;

	snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), whole ? whole : "");
	return strrchr(line, ' ') ? strrchr(line, ' ') + 1 : line;
}

/* bash(1), complete -C: the command's name, the word to be completed, the word before it; COMP_LINE has the whole line. zsh's bashcompinit gives the line alone. */
int command_completion(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(completion_help, stdout);
	} else if (argc == 1) {
		puts("complete -o default -o nospace -C 'sysshim completion --' sysshim");
	} else if (argc == 5 && !strcmp(argv[1], "--")) {
		offer(argv[3]);
	} else if (argc == 2 && !strcmp(argv[1], "--") && getenv("COMP_LINE")) {
		offer(word_of_line());
	} else {
		print_complaint("sysshim completion: %s: no argument is wanted; see sysshim completion --help", argv[1]);
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}
