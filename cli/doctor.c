/* sysshim doctor: what works on this machine, tried and not guessed, and what a program's file says. */
#include "command.h"
#include "print.h"
#include "recording.h"
#include "../format/json.h"
#include "../format/machine.h"
#include "../format/state.h"

#include <errno.h>
#include <getopt.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

const char doctor_help[] =
	"usage: sysshim doctor [OPTION...] [PROGRAM]\n"
	"\n"
	"Says what works here, and whether PROGRAM can be observed.\n"
	"\n"
	"      --sites         also which of libc's own system calls are not seen, and why\n"
	"      --json          an object a line: check, works, detail\n"
	"      --help\n"
	"\n"
	"Exit status 0: all works; 1: something does not; 2: usage.\n";

static int json;

/* verdict: "ok", "no", or "but". */
static void say(const char *verdict, const char *check, const char *detail)
{
	char line[4 * PATH_MAX];
	struct text out = {line, line + sizeof line, 0};

	if (!json) {
		printf("%-5s %-22s ", verdict, check);
		print_sentence(stdout, detail);
		putchar('\n');
		return;
	}
	text_string(&out, "{\"check\":");
	text_json_quoted(&out, check, strlen(check));
	text_string(&out, *verdict == 'o' ? ",\"works\":true" : ",\"works\":false");
	json_string(&out, "detail", detail, strlen(detail));
	printf("%.*s}\n", (int)(out.at - line), line);
}

static int said(int good, const char *what, const char *detail)
{
	say(good ? "ok" : "no", what, detail);
	return !good;
}

/* A command of the shell under the shim, its output to a file; its counters as one line of JSON in `line`. 0: none came; -1: nothing was tried.
 * NB: where no folder can be made nothing may be done in its name, which is empty. */
static int counters_of(const char *library, const char *shell_command, char *line, size_t size)
{
	enum { NO_FOLDER = 3 };
	char command[2 * PATH_MAX];
	FILE *out;

	snprintf(command, sizeof command,
		 "d=$(mktemp -d) && [ -d \"$d\" ] || exit %d; : >\"$d/counters\"; "
		 "env LD_PRELOAD='%s' SYSSHIM_STATS=\"$d/counters\" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG=off %s >\"$d/out\"; cat \"$d/counters\"*; rm -rf \"$d\"",
		 NO_FOLDER, library, shell_command);
	out = popen(command, "r");
	if (!out)
		return -1;
	size_t got = fread(line, 1, size - 1, out);
	int status = pclose(out);
	line[got] = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == NO_FOLDER ? -1 : strstr(line, "\"version\":1") != NULL;
}

/* The text behind `key` up to the next quotation mark, or NULL. */
static char *quoted_behind(char *line, const char *key)
{
	char *text = strstr(line, key), *end = text ? strchr(text + strlen(key), '"') : NULL;

	if (!end)
		return NULL;
	*end = 0;
	return text + strlen(key);
}

static int try_rewriting(char *line)
{
	char text[64];

	if (strstr(line, "\"rewriting\":true")) {
		const char *sites = strstr(line, "\"sites_rewritten\":");
		snprintf(text, sizeof text, "%d sites of libc and ld.so", sites ? atoi(sites + 18) : 0);
		return said(1, "rewriting", text);
	}
	const char *why = quoted_behind(line, "\"why_not\":\"");
	return said(0, "rewriting", why ? why : "not known why: only interposed names are seen");
}

/* A program that writes line by line (hundreds of them) is either gathered, or the shim says why not. */
static int try_coalescing(const char *library)
{
	char line[8192];

	if (access("/proc/self/smaps", R_OK) != 0)
		return said(0, "coalescing", "/proc is not there: what a process maps cannot be known");
	if (counters_of(library, "grep --line-buffered . /proc/self/smaps", line, sizeof line) <= 0)
		return said(0, "coalescing", "the program that should have shown it (grep) leaves no counters");
	const char *writes = strstr(line, "\"batches\":{\"count\":");
	if (writes && atoi(writes + 19) > 0)
		return said(1, "coalescing", "small writes reach the kernel in batches");
	const char *why = quoted_behind(line, "\"not_coalesced\":{\"");
	return said(0, "coalescing", why ? why : "small writes to a temporary file stay single: is its file system local, with 256 MiB free?");
}

/* Runs the smallest program under the shim and reads its own coverage: the one test that asks everything at once. */
static int try_library(const char *library)
{
	char line[8192];

	const char *disabled = getenv("SYSSHIM_DISABLE");
	if (disabled && *disabled)
		return said(0, "preload", "SYSSHIM_DISABLE is set: the shim is loaded, and does nothing");
	int came = counters_of(library, "/bin/true", line, sizeof line);
	if (came < 0)
		return said(0, "preload", "not tried: no temporary folder can be made (TMPDIR)");
	if (!came)
		return said(0, "preload", "a program under the shim leaves no counters: is LD_PRELOAD allowed here, or a variable of ours wrong (SYSSHIM_APP_INCLUDE counts too)?");
	said(1, "preload", library);
	return try_rewriting(line) + try_coalescing(library);
}

static int is_anothers(const char *path, mode_t mode)
{
	struct stat status;

	return stat(path, &status) == 0 && (status.st_uid != geteuid() || status.st_mode & mode);
}

/* What the shim itself asks of the folder (shim/record/recordings.c): why it would make no recording there; NULL: it would. */
static const char *refusal(const char *folder)
{
	const char *state = getenv("XDG_STATE_HOME"), *base = state && *state == '/' ? state : getenv("HOME");
	char above[PATH_MAX];

	snprintf(above, sizeof above, "%s", folder);
	*strrchr(above, '/') = 0;
	if (base != state && access(base, F_OK) != 0)
		return "the home folder is not there";
	if (is_anothers(base, 0))
		return "the folder would be in somebody else's home: a place is to be named for each";
	if (is_anothers(folder, S_IWGRP | S_IWOTH) || is_anothers(above, S_IWGRP | S_IWOTH))
		return "others may write into the folder";
	return NULL;
}

/* Nothing is made: who may write the folder, or the nearest one above it that is there? */
static int try_recordings(void)
{
	char path[PATH_MAX], text[PATH_MAX + 64];
	struct stat status;
	struct statfs mount;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0)
		return said(0, "recordings", "a seccomp filter stands: a place is to be named for each");
	if (!recordings_folder(path, sizeof path))
		return said(0, "recordings", "neither XDG_STATE_HOME nor HOME names a folder below /: a place is to be named for each");
	if (refusal(path))
		return said(0, "recordings", refusal(path));
	snprintf(text, sizeof text, "%s", path);
	while (lstat(path, &status) != 0 && path[1])
		strrchr(path, '/')[strrchr(path, '/') == path] = 0;
	/* A link that leads nowhere is none. */
	int is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	if (is_folder && access(path, W_OK | X_OK) == 0 && statfs(path, &mount) == 0 && state_is_remote((uint64_t)mount.f_type)) {
		say("but", "recordings", "the folder lies on a network file system: what nobody asks for is not recorded; sysshim run does, and who names a place");
		return 0;
	}
	if (is_folder && access(path, W_OK | X_OK) == 0)
		return said(1, "recordings", text);
	snprintf(text, sizeof text, "%.*s: %s", PATH_MAX, path, is_folder ? strerror(errno) : "not a folder");
	return said(0, "recordings", text);
}

static int machine(void)
{
	struct utsname name;
	char text[160];
	int bad = 0;

	uname(&name);
	bad += said(strcmp(name.machine, MACHINE_UNAME) == 0, "processor", name.machine);
	int major = 0, minor = 0;
	sscanf(name.release, "%d.%d", &major, &minor);
	bad += said(major > 4 || (major == 4 && minor >= 14), "kernel (4.14)", name.release);
	snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
	said(1, "libc of this command", text);
	bad += try_recordings();
	const char *library = library_path();
	if (!library)
		return bad + said(0, "libsysshim.so", "not beside the command; name it in SYSSHIM_LIBRARY");
	if (!library_can_be_named(library))
		return bad + said(0, "preload",
				  "ld.so takes the blank or colon in the path of libsysshim.so for the end of a name: install it elsewhere");
	return bad + try_library(library);
}

static void tell_left(const char *where, const char *call, const char *why)
{
	char text[512];

	if (!json) {
		printf("      %-44s %-14s %s\n", where, call, why);
		return;
	}
	snprintf(text, sizeof text, "%s %s %s", where, call, why);
	say("no", "site", text);
}

#ifdef __x86_64__
static void tell_foreign(const char *path, int count)
{
	char text[PATH_MAX + 128];

	snprintf(text, sizeof text, "%d `syscall` instruction%s in %s: seen only with SYSSHIM_DISPATCH=always", count, count == 1 ? "" : "s", path);
	say("but", "code without libc", text);
}

static int foreign_code(const char *path)
{
	char text[96];
	unsigned objects, found = sites_foreign(path, &objects, tell_foreign);

	if (found)
		return 1;
	snprintf(text, sizeof text, "none in it and %u librar%s; what it loads later is not known", objects - 1, objects == 2 ? "y" : "ies");
	return said(1, "code without libc", text);
}
#else
static int foreign_code(const char *path)
{
	(void)path;
	return said(0, "code without libc", "not looked for on this processor");
}
#endif

static int program(const char *name)
{
	char path[PATH_MAX], script[PATH_MAX], why[2 * PATH_MAX + 32];
	enum verdict verdict = program_check(name, path, sizeof path, why, sizeof why);

	if (verdict == PROGRAM_FINE) {
		int bad = foreign_code(path);
		if (program_find(name, script, sizeof script) && strcmp(script, path) != 0)
			snprintf(why, sizeof why, "%s, which %s runs", script, path);
		else
			snprintf(why, sizeof why, "%s", path);
		return bad + said(1, "program", why);
	}
	say(verdict == PROGRAM_DOUBTFUL || verdict == PROGRAM_WITHOUT_LIBC ? "but" : "no", "program", why);
	return 1;
}

int command_doctor(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"sites", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
	int option, sites = 0;

	while ((option = next_option(argc, argv, ":h", options)) != -1) {
		switch (option) {
		case 'h':
			fputs(doctor_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case 's':
			sites = 1;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1) {
		print_complaint("sysshim doctor: one program at a time, not also '%s'", argv[optind + 1]);
		return EXIT_USAGE;
	}
	int bad = machine();
	if (sites && !json)
		printf("%u sites of libc and ld.so are left alone:\n", sites_left(NULL));
	if (sites)
		sites_left(tell_left);
	if (optind < argc)
		bad += program(argv[optind]);
	return bad ? EXIT_FOUND : EXIT_FINE;
}
