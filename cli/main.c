/* sysshim: the command. One table drives dispatch, help and completion. */
#include "command.h"
#include "print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
	{"run", "run a program with the shim and record it", command_run, run_help},
	{"files", "which files a recorded program opened or executed", command_files, files_help},
	{"trace", "a recording in strace's look, or as JSON lines", command_trace, trace_help},
	{"stat", "a recording in numbers, as strace -c and more", command_stat, stat_help},
	{"top", "what each thread of a running program is in, and since when", command_top, top_help},
	{"diff", "two recordings: files that came and went, counters that moved", command_diff, diff_help},
	{"report", "a page of HTML with pictures of a recording", command_report, report_help},
	{"show", "what a recording is, and what it does not hold", command_show, show_help},
	{"doctor", "say what works here, and for a program, and why not", command_doctor, doctor_help},
	{"completion", "names of commands and options for a shell's Tab key", command_completion, completion_help},
	{NULL, NULL, NULL, NULL},
};

static void help(FILE *to)
{
	fprintf(to, "usage: sysshim COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-10s %s\n", c->name, c->summary);
	fprintf(to, "\n  --help, --version; `sysshim COMMAND --help` for each.\n"
		    "Without the command: LD_PRELOAD=%s ./app\n", library_path() ? library_path() : "libsysshim.so");
}

/* Of the output that a command has left to us. */
static int written(const char *name, int status)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status == EXIT_OURS)
		return status;
	print_complaint("sysshim%s%s: writing failed: %s", *name ? " " : "", name, strerror(errno));
	return EXIT_OURS;
}

/* Who starts us with a standard descriptor closed is not to find what is said there in a file that we open. Each gets one that cannot be used as
 * it should be, so that the loss is still an error. A program that is run finds them as they were. */
static void keep_numbers(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

static int asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

int main(int argc, char **argv)
{
	keep_numbers();
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	int asks = asks_for_help(argv[1]);
	if (asks && (argc == 2 || asks_for_help(argv[2]))) {
		help(stdout);
		return written("", EXIT_FINE);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("sysshim %s\n", SYSSHIM_VERSION);
		return written("", EXIT_FINE);
	}
	const char *name = argv[1 + asks];
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(name, c->name) != 0)
			continue;
		if (!asks)
			return written(name, c->run(argc - 1, argv + 1));
		fputs(c->help, stdout);
		return written(name, EXIT_FINE);
	}
	char names[256];
	size_t size = 0;
	for (const struct command *c = commands; c->name; c++)
		size += (size_t)snprintf(names + size, sizeof names - size, " %s", c->name);
	print_complaint("sysshim: '%s' is not a command; there are:%s", name, names);
	return EXIT_USAGE;
}
