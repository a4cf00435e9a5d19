/* Options of the commands, and what is said of wrong ones. */
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

int next_option(int argc, char **argv, const char *letters, const struct option *options)
{
	opterr = 0;
	int option = getopt_long(argc, argv, letters, options, NULL);
	if (option != '?' && option != ':')
		return option;
	/* What was wrong stands before optind, or among letters that stand together. */
	const char *word = argv[optind - 1];
	char letter[] = {'-', (char)optopt, 0};
	int is_long = word && !strncmp(word, "--", 2), alike = 0;
	for (const struct option *o = options; is_long && o->name; o++)
		alike += !strncmp(o->name, word + 2, strlen(word + 2));
	const char *wrong = option == ':'	? "this option requires an argument" :
			    is_long && optopt	? "this option takes no argument" :
			    alike		? "more than one option begins so" :
						  "there is no such option";
	fprintf(stderr, "sysshim %s: %s: %s; see sysshim %s --help\n", argv[0], is_long ? word : letter, wrong, argv[0]);
	return '?';
}
