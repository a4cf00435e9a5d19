/* sysshim run: the same as LD_PRELOAD alone, with options for the variables. The program takes our place (execvp), so its exit status,
 * its signals, its terminal are its own. */
#include "command.h"
#include "filter.h"
#include "print.h"
#include "recording.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char run_help[] =
	"usage: sysshim run [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	"\n"
	"Runs PROGRAM with libsysshim.so preloaded in front of what LD_PRELOAD names already, and records its calls and its children's into a new\n"
	"folder, which sysshim trace, stat, files and show read afterwards.\n"
	"\n"
	"      --record=DIR   record there, beside what it holds already, instead of a new folder in ${XDG_STATE_HOME:-~/.local/state}/sysshim/recordings;\n"
	"                     off: no recording\n"
	"  -o PATH            no recording but a log as text (%p pid, %n program, %t time); - for stderr\n"
	"  -e trace=SET, --trace=SET\n"
	"                     which calls are logged: names, numbers, /regex, %file %desc %io %network %process %signal %memory, all, none, ! before; more\n"
	"                     classes: sysshim trace --help; audit: which files are named, each way once, for sysshim files\n"
	"  -z, -Z             only calls that succeed, only such that fail; also -e status=successful, -e status=failed\n"
	"      --min-duration=TIME  only calls that take so long at least: 20us, 5ms, 1s\n"
	"  -s BYTES           so many bytes of each buffer in the log (0)\n"
	"  -c, --stats=PATH   write the counters there instead of stderr; off for none\n"
	"      --json         counters as JSON\n"
	"      --inject=SET:error=E|retval=N|short=N|signal=S|delay_enter=T|delay_exit=T[:when=F[..L][+[S]]]\n"
	"                     calls fail, as with strace -e inject=; several times: several rules; also -e inject=, -e fault=\n"
	"  -q, --quiet        no counters on stderr; a PATH for them stays\n"
	"  -f, --follow=on|off   children too (on; -f or -ff alone, as strace's, changes nothing)\n"
	"  -T                 as always: how long calls took\n"
	"      --trace-static    a program that cannot load the shim, because it is static or of another word size, or that makes its calls without\n"
	"                     libc (Go), and all that it starts, is followed by ptrace: only calls that name files, for sysshim files; set-user-id programs below it have no rights\n"
	"      --verify[=SIZE]  run it natively and with the shim, each in a copy of the working folder (at most SIZE, 1G), and say whether output, exit\n"
	"                     status and files are equal; with --json as JSON\n"
	"  -E NAME[=VALUE]    set a variable for the program, or take it away\n"
	"      --help\n"
	"\n"
	"The exit status is the program's; 2: wrong usage, 125: sysshim itself failed, 126: PROGRAM cannot be run, 127: it was not found.\n"
	"With --verify 0: equal, 1: a difference, 2: wrong usage, or it could not be verified.\n";

static int set_variable(char *text)
{
	char *equals = strchr(text, '=');

	if (!*text || equals == text) {
		print_complaint("sysshim run: -E %s: a variable has a name; NAME=VALUE or NAME would do", text);
		return 0;
	}
	if (!equals) {
		unsetenv(text);
		return 1;
	}
	*equals = 0;
	setenv(text, equals + 1, 1);
	*equals = '=';
	return 1;
}

/* What the variable would refuse when the program runs. */
static int take_path(const char *variable, const char *option, const char *value)
{
	if (*value) {
		setenv(variable, value, 1);
		return 1;
	}
	print_complaint("sysshim run: %s: a path, - or off would do", option);
	return 0;
}

static void keep_stderr_quiet(void)
{
	const char *stats = getenv("SYSSHIM_STATS");

	if (!stats || !strcmp(stats, "stderr") || !strcmp(stats, "-"))
		setenv("SYSSHIM_STATS", "off", 1);
}

/* option: z or Z */
static void take_status(int option)
{
	setenv("SYSSHIM_STATUS", option == 'z' ? "successful" : "failed", 1);
}

static int take_expression(const char *text)
{
	const char *set = filter_set_text(text), *rule = filter_qualified(text, "inject"), *fault = filter_qualified(text, "fault");

	if (rule || fault)
		return rule ? inject_add(rule) : inject_fault(fault);
	if (filter_status(text)) {
		take_status(filter_status(text));
		return 1;
	}
	if (set && !strcmp(set, "audit")) {
		setenv("SYSSHIM_TRACE", set, 1);
		return 1;
	}
	uint64_t calls[SYSCALL_LIMIT / 64] = {0};
	char *words = filter_set(calls, text, "run");
	if (!words)
		return 0;
	setenv("SYSSHIM_TRACE", words, 1);
	free(words);
	return 1;
}

enum { DATA_MOST = 4096 /* SYSSHIM_DATA's */ };

static int take_data(const char *value)
{
	char *end;
	unsigned long bytes = strtoul(value, &end, 10);

	if (*value >= '0' && *value <= '9' && !*end && bytes <= DATA_MOST) {
		setenv("SYSSHIM_DATA", value, 1);
		return 1;
	}
	print_complaint("sysshim run: -s %s: 0 to %d bytes would do", value, DATA_MOST);
	return 0;
}

static int take_follow(const char *value)
{
	if (strcmp(value, "on") && strcmp(value, "off")) {
		print_complaint("sysshim run: --follow=%s: on or off would do", value);
		return 0;
	}
	setenv("SYSSHIM_FOLLOW", value, 1);
	return 1;
}

/* The variable takes whole numbers only. */
static int take_least(const char *value)
{
	uint64_t nanoseconds;
	char text[32];

	if (!filter_duration(&nanoseconds, value, "run"))
		return 0;
	if (nanoseconds <= 1000000000)
		snprintf(text, sizeof text, "%" PRIu64 "ns", nanoseconds);
	else if (nanoseconds <= 1000000000000)
		snprintf(text, sizeof text, "%" PRIu64 "us", nanoseconds / 1000);
	else
		snprintf(text, sizeof text, "%" PRIu64 "s", nanoseconds / 1000000000);
	setenv("SYSSHIM_MIN_DURATION", text, 1);
	return 1;
}

/* A percent sign would be read as a pattern. */
static void set_log(const char *folder)
{
	char value[2 * PATH_MAX], *to = value;

	for (; *folder && to < value + sizeof value - 3; folder++) {
		*to++ = *folder;
		if (*folder == '%')
			*to++ = '%';
	}
	*to = 0;
	setenv("SYSSHIM_LOG", value, 1);
	setenv("SYSSHIM_LOG_FORMAT", "binary", 1);
}

/* What cannot be recorded runs all the same. */
static void record_into(const char *folder)
{
	char made[PATH_MAX];

	/* Where none is named the shim finds its place. */
	if (!folder) {
		setenv("SYSSHIM_LOG_FORMAT", "binary", 1);
		return;
	}
	if (!strcmp(folder, "off")) {
		setenv("SYSSHIM_LOG", "off", 1);
	} else if (((mkdir(folder, 0700) == 0 && chmod(folder, 0700) == 0) || errno == EEXIST) && realpath(folder, made)) {
		set_log(made);
	} else {
		print_complaint("sysshim run: --record=%s: %s; a folder that can be made or written would do; nothing is recorded", folder, strerror(errno));
		setenv("SYSSHIM_LOG", "off", 1);
	}
}

struct wanted {
	const char *record, *limit;
	int text /* a log by -o, or by SYSSHIM_LOG */, quiet, json, is_verified, trace_static;
};

/* strace's -f has no value, and children are followed anyway; -ff: each has a log of its own, too. */
static const char *follow_value(int argc, char **argv)
{
	if (optarg && strcmp(optarg, "f") != 0)
		return optarg;
	if (!optarg && optind < argc && (!strcmp(argv[optind], "on") || !strcmp(argv[optind], "off")))
		return argv[optind++];
	return "on";
}

/* 0: it is wrong, which has been said. */
static int take_option(struct wanted *w, int option, int argc, char **argv)
{
	switch (option) {
	case 'o':
		w->text = 1;
		return take_path("SYSSHIM_LOG", "-o", optarg);
	case 'r':
		w->record = optarg;
		if (!*optarg)
			fprintf(stderr, "sysshim run: --record=: a folder or off would do\n");
		return *optarg != 0;
	case 'e':
		return take_expression(optarg);
	case 's':
		return take_data(optarg);
	case 'z':
	case 'Z':
		take_status(option);
		return 1;
	case 'm':
		return take_least(optarg);
	case 'i':
		return inject_add(optarg);
	case 'c':
		return take_path("SYSSHIM_STATS", "-c", optarg);
	case 'V':
		w->is_verified = 1;
		w->limit = optarg;
		return 1;
	case 'j':
		w->json = 1;
		setenv("SYSSHIM_STATS_FORMAT", "json", 1);
		return 1;
	case 'q':
		w->quiet = 1;
		return 1;
	case 'f':
		return take_follow(follow_value(argc, argv));
	case 'F':
		return take_follow(optarg);
	case 't':
		w->trace_static = 1;
		return 1;
	case 'T':
		return 1;
	case 'p':
		print_complaint("sysshim run: -p %s: a running program cannot be joined, because the shim comes with the program's start; start it with sysshim "
				"run, or look at it with strace -p or perf trace -p", optarg);
		return 0;
	case 'E':
		return set_variable(optarg);
	default:
		return 0;
	}
}

/* What an option asks of the others, and of variables, over which options win. EXIT_FINE, or what has been said ends with. */
static int settle(struct wanted *w)
{
	/* A run that we are in has set it for its recording. NB: what is only taken away its shim would put back. */
	const char *format = getenv("SYSSHIM_LOG_FORMAT");

	if (w->record && w->text) {
		fprintf(stderr, "sysshim run: --record and -o ask for two logs; one is made\n");
		return EXIT_USAGE;
	}
	if (w->text && format && !strcmp(format, "binary"))
		setenv("SYSSHIM_LOG_FORMAT", "text", 1);
	w->text |= !w->record && getenv("SYSSHIM_LOG") != NULL;
	if (w->is_verified && (w->record || w->text || w->trace_static)) {
		fprintf(stderr, "sysshim run: --verify makes a recording of its own; -o, SYSSHIM_LOG, --record and --trace-static do not go with it\n");
		return EXIT_USAGE;
	}
	int has_recording = !w->text && !(w->record && !strcmp(w->record, "off"));
	if (!w->is_verified && w->trace_static && !can_trace(has_recording))
		return has_recording ? EXIT_OURS : EXIT_USAGE;
	return EXIT_FINE;
}

/* What cannot be observed runs all the same. Only comes back where nothing does. */
static int start(const struct wanted *w, const char *library, char **program)
{
	char path[PATH_MAX], why[PATH_MAX + 256];
	enum verdict verdict = program_check(program[0], path, sizeof path, why, sizeof why);
	int tracer = 0;

	if ((verdict == PROGRAM_TRACEABLE || verdict == PROGRAM_WITHOUT_LIBC) && w->trace_static)
		tracer = trace_this(w->record, strchr(program[0], '/') ? program[0] : path);
	else if (!library_can_be_named(library))
		print_complaint("sysshim run: %s: ld.so takes the blank or colon in this path for the end of a name, so %s runs without it", library, program[0]);
	else if (verdict == PROGRAM_UNFIT || verdict == PROGRAM_TRACEABLE)
		print_complaint("sysshim run: %s; it runs unobserved", why);
	else
		library_preload(library);
	if (w->trace_static && !tracer)
		setenv("SYSSHIM_TRACER", tracer_path(), 1);
	execvp(program[0], program);
	int error = errno;
	if (tracer)
		kill(tracer, SIGKILL);
	print_complaint("sysshim run: %s: %s", program[0], strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

int command_run(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},	{"stats", required_argument, NULL, 'c'},
						{"json", no_argument, NULL, 'j'},	{"quiet", no_argument, NULL, 'q'},
						{"follow", required_argument, NULL, 'F'}, {"record", required_argument, NULL, 'r'},
						{"min-duration", required_argument, NULL, 'm'}, {"trace-static", no_argument, NULL, 't'},
						{"trace", required_argument, NULL, 'e'}, {"attach", required_argument, NULL, 'p'},
						{"inject", required_argument, NULL, 'i'}, {"verify", optional_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	const char *library = library_path();
	struct wanted wanted = {0};
	int option;

	while ((option = next_option(argc, argv, "+:ho:e:s:c:jqf::E:p:TzZ", options)) != -1) {
		if (option == 'h') {
			fputs(run_help, stdout);
			return EXIT_FINE;
		}
		if (!take_option(&wanted, option, argc, argv))
			return EXIT_USAGE;
	}
	if (optind == argc) {
		/* strace's -c takes nothing. */
		const char *taken = argc > 2 && !strcmp(argv[argc - 2], "-c") ? argv[argc - 1] : NULL;
		print_complaint("sysshim run: no program named%s%s%s; see sysshim run --help", taken ? ": -c takes '" : "", taken ? taken : "", taken ? "' for the counters' path" : "");
		return EXIT_USAGE;
	}
	if (!library) {
		fprintf(stderr, "sysshim run: libsysshim.so is not beside the command; name it in SYSSHIM_LIBRARY\n");
		return EXIT_OURS;
	}
	int status = settle(&wanted);
	if (status != EXIT_FINE)
		return status;
	if (wanted.is_verified)
		return verify(library, argv + optind, wanted.limit, wanted.json);
	if (!wanted.text)
		record_into(wanted.record);
	if (wanted.quiet)
		keep_stderr_quiet();
	return start(&wanted, library, argv + optind);
}
