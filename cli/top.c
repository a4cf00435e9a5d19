/* sysshim top: what each thread of a program that runs is in. */
#include "command.h"
#include "interrupt.h"
#include "print.h"
#include "top.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char top_help[] =
	"usage: sysshim top [OPTION...] [RECORDING]\n"
	"\n"
	"Shows what each thread of a recording's programs is in while they run, and since when: why does it hang, what is slow. RECORDING is a folder of\n"
	"recordings, or a file in it; without it, the newest.\n"
	"\n"
	"  -d SECONDS          the time between two looks (1 without it; 0.1 to 3600)\n"
	"  -n COUNT            so many looks, then it ends; without it, when no program of the recording runs any more, by q, or by Ctrl-C\n"
	"  -p PID              only this process, or thread\n"
	"  -b                  each look below the one before, as where stdout is no terminal, or TERM is dumb\n"
	"      --json          an object a line for each thread at each look\n"
	"      --help\n"
	"\n"
	"Threads stand below their process, whose number is that of its first one. S is the kernel's letter: R runs, S waits, D waits and cannot be\n"
	"interrupted, T stopped, Z has ended before the others. Rates are since the look before, at the first one since the program's start. IN: the call that\n"
	"it is in; or, where it makes many, the one that takes most of its time. FOR: in this call, or (with <, at most) in what follows its last recorded one.\n"
	"What no record tells, a lock that it waits for, a program that could not be followed, is asked of the kernel (/proc/PID/syscall). Programs in a pid\n"
	"namespace of their own (of a sandbox in the recording) are not shown.\n"
	"\n"
	"Exit status: 0; 1: none of its programs runs, or a part of the recording could not be read; 2: wrong usage, or nothing to read; 125: the output could not\n"
	"be written.\n";

enum { MOST_DELAY = 3600 /* s */ };

/* Whose the terminal is, for what comes by a signal. */
static struct top *at_terminal;

/* Who is in the background would be stopped for it. */
static int is_in_front(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void begin_keys(struct top *t)
{
	t->reads_keys = is_in_front() && tcsetattr(STDIN_FILENO, TCSADRAIN, &t->for_keys) == 0;
}

static void end_keys(struct top *t)
{
	if (t->reads_keys && is_in_front())
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->as_it_was);
	t->reads_keys = 0;
}

static void go_on(int signal_number)
{
	int error = errno;

	(void)signal_number;
	begin_keys(at_terminal);
	errno = error;
}

/* Whoever is asked next finds the terminal as it was: not every shell sees to that. Behind raise stands go_on. */
static void stop(int signal_number)
{
	int error = errno;
	sigset_t this, before;

	end_keys(at_terminal);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
	sigemptyset(&this);
	sigaddset(&this, signal_number);
	sigprocmask(SIG_UNBLOCK, &this, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(signal_number, stop);
	errno = error;
}

static void read_keys(struct top *t)
{
	struct sigaction old;

	if (!t->is_terminal || tcgetattr(STDIN_FILENO, &t->as_it_was) != 0 || !is_in_front())
		return;
	t->for_keys = t->as_it_was;
	t->for_keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	at_terminal = t;
	if (sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
		sigaction(SIGTSTP, &(struct sigaction){.sa_handler = stop, .sa_flags = SA_RESTART}, NULL);
		sigaction(SIGCONT, &(struct sigaction){.sa_handler = go_on, .sa_flags = SA_RESTART}, NULL);
	}
	begin_keys(t);
}

static void forget_keys(struct top *t)
{
	if (!at_terminal)
		return;
	signal(SIGTSTP, SIG_DFL);
	signal(SIGCONT, SIG_DFL);
	end_keys(t);
}

/* Until the next look; 0: q was typed. */
static int pause_for(const struct top *t, uint64_t ns)
{
	struct pollfd keys = {t->reads_keys ? STDIN_FILENO : -1, POLLIN, 0};
	char key;

	return poll(&keys, 1, (int)(ns / 1000000)) != 1 || read(STDIN_FILENO, &key, 1) != 1 || key != 'q';
}

static void watch(struct top *t)
{
	uint64_t cost = 0;

	if (t->is_terminal)
		fputs("\033[2J", stdout);
	for (unsigned long i = 1;; i++) {
		(t->json ? top_print_json : top_print)(t);
		if (fflush(stdout) != 0 || i == t->looks || interrupted_by)
			return;
		if (!pause_for(t, t->delay > 4 * cost ? t->delay : 4 * cost) || interrupted_by)
			return;
		uint64_t began = clock_now(CLOCK_MONOTONIC);
		recording_again(&t->recording);
		threads_look(&t->threads, &t->recording, t->pid);
		cost = clock_now(CLOCK_MONOTONIC) - began;
		if (!HASH_COUNT(t->threads.table))
			return;
	}
}

static int complain(const char *what)
{
	print_complaint("sysshim top: %s", what);
	return 0;
}

static int take_option(struct top *t, int option, const char *value)
{
	double seconds;
	char *end;

	switch (option) {
	case 'd':
		seconds = strtod(value, &end);
		t->delay = seconds >= 0.1 && seconds <= MOST_DELAY ? (uint64_t)(seconds * SECOND) : 0;
		return (t->delay && end != value && !*end) || complain("-d: not a number of seconds; 0.1 to 3600 would be");
	case 'n':
		t->looks = *value >= '0' && *value <= '9' ? strtoul(value, &end, 10) : 0;
		return (t->looks && !*end) || complain("-n: not a number of looks; 1 or more would be");
	case 'p':
		t->pid = *value >= '0' && *value <= '9' ? (int)strtol(value, &end, 10) : 0;
		return (t->pid > 0 && !*end) || complain("-p: not a process or thread; its number would be");
	case 'b':
		t->below = 1;
		return 1;
	case 'j':
		t->json = 1;
		return 1;
	default:
		return 0;
	}
}

static int nothing_runs(struct top *t)
{
	const char *path = t->recording.path;

	if (t->pid && t->threads.running)
		print_complaint("sysshim top: -p %d: no process or thread of %s that runs has this number", t->pid, path);
	else
		print_complaint("sysshim top: no program of %s runs any more; `sysshim show` says how they ended", path);
	recording_end(&t->recording, stdout);
	return EXIT_FOUND;
}

int command_top(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	static struct top t;
	int option;

	t = (struct top){.delay = SECOND};
	while ((option = next_option(argc, argv, ":hd:n:p:bj", options)) != -1) {
		if (option == 'h') {
			fputs(top_help, stdout);
			return EXIT_FINE;
		}
		if (!take_option(&t, option, optarg))
			return EXIT_USAGE;
	}
	if (!recording_read_live(&t.recording, argc, argv))
		return EXIT_USAGE;
	if (!is_numbered_as_we_are(&t.recording)) {
		fprintf(stderr, "sysshim top: this recording's processes have their numbers in another pid namespace, on another machine or before the last boot: call it there\n");
		recording_end(&t.recording, stdout);
		return EXIT_USAGE;
	}
	threads_look(&t.threads, &t.recording, t.pid);
	if (!HASH_COUNT(t.threads.table)) {
		threads_free(&t.threads);
		return nothing_runs(&t);
	}
	const char *terminal = getenv("TERM");
	/* One that knows no sequences would show them. */
	t.is_terminal = !t.json && !t.below && isatty(STDOUT_FILENO) && (!terminal || strcmp(terminal, "dumb") != 0);
	interrupt_await();
	read_keys(&t);
	watch(&t);
	forget_keys(&t);
	threads_free(&t.threads);
	(t.json ? recording_coverage_line : recording_coverage)(&t.recording, stdout);
	int status = recording_end(&t.recording, stdout);
	interrupt_end();
	return status;
}
