/* sysshim top: what each thread of a program that runs is in. */
#include "command.h"
#include "interrupt.h"
#include "print.h"
#include "threads.h"
#include "../format/json.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
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
	"  -b                  each look below the one before, as where stdout is no terminal\n"
	"      --json          an object a line for each thread at each look\n"
	"      --help\n"
	"\n"
	"Threads stand below their process, whose number is that of its first one. S is the kernel's letter: R runs, S waits, D waits and cannot be\n"
	"interrupted, T stopped. Rates are since the look before, at the first one since the program's start. IN: the call that it is in; or, where it makes\n"
	"many, the one that takes most of its time. FOR: in this call, or (with <, at most) in what follows its last recorded one. What no record tells, a lock\n"
	"that it waits for, a program that could not be followed, is asked of the kernel (/proc/PID/syscall).\n"
	"\n"
	"Exit status: 0; 1: none of its programs runs, or a part of the recording could not be read; 2: wrong usage, or nothing to read; 125: the output could not\n"
	"be written.\n";

enum { LINE = 16 << 10, HEAD_LINES = 4, SECOND = 1000000000, MOST_DELAY = 3600 /* s */ };

struct top {
	struct recording recording;
	struct threads threads;
	uint64_t delay; /* ns */
	unsigned long looks; /* 0: no end */
	int pid, below, json;
	int is_terminal;
	struct termios as_it_was; /* where keys are read */
	int reads_keys;
};

/* 4 characters at most. */
static const char *amount(char to[16], double value)
{
	const char *units = " KMGTPE";

	while (value >= 1000 && units[1]) {
		value /= 1024;
		units++;
	}
	snprintf(to, 16, *units == ' ' ? "%.0f" : value < 9.95 ? "%.1f%c" : "%.0f%c", value, *units);
	return to;
}

static const char *duration(char to[16], uint64_t ns, int at_most)
{
	double seconds = (double)ns / SECOND;
	const char *sign = at_most ? "<" : "";

	if (seconds < 1)
		snprintf(to, 16, "%s%.0f ms", sign, seconds * 1000);
	else if (seconds < 100)
		snprintf(to, 16, "%s%.1f s", sign, seconds);
	else if (seconds < 6000)
		snprintf(to, 16, "%s%.0f min", sign, seconds / 60);
	else
		snprintf(to, 16, "%s%.1f h", sign, seconds / 3600);
	return to;
}

static double a_second(const struct thread *t, uint64_t value)
{
	return (double)value * SECOND / (double)t->interval;
}

/* Where it has made calls since the look before and was in the last one less than half of that time, the one call says little. */
static int is_busy(const struct thread *t, uint64_t now)
{
	return t->calls && !(thread_is_in(t) && now - t->open_since > t->interval / 2);
}

/* What it is in, NUL-terminated. */
static void put_what(char *to, size_t size, const struct thread *t, uint64_t now)
{
	struct text out = {to, to + size - 1, 0};
	int busiest = is_busy(t, now) ? thread_busiest(t) : -1;

	if (t->task.state == 'T' || t->task.state == 't') {
		text_string(&out, t->task.state == 'T' ? "stopped" : "stopped by a tracer");
	} else if (busiest >= 0) {
		const struct use *use = &t->by_call[busiest];
		const char *name = syscall_name((unsigned)busiest);
		text_string(&out, name ? name : "others");
		out.at += snprintf(out.at, (size_t)(out.end - out.at), ": %.0f a second, %.0f %% of the time", a_second(t, use->calls), 100 * a_second(t, use->nanoseconds) / SECOND);
	} else if (thread_is_in(t)) {
		task_call_text(&out, &t->task, t->source, t->open);
	} else if (t->task.place == TASK_IN_CALL) {
		task_call_text(&out, &t->task, t->source, NULL);
	} else {
		text_string(&out, t->task.state == 'R' ? "computes" : t->task.place == TASK_SILENT ? "a call that was not recorded" : "no call");
	}
	*out.at = 0;
}

/* Since when that is so; 0: not known. */
static uint64_t since(const struct thread *t)
{
	return thread_is_in(t) ? t->open_since : t->returned;
}

static void put_line(const struct top *top, const char *line, int columns)
{
	if (top->is_terminal)
		printf("%.*s\033[K\n", columns, line);
	else
		puts(line);
}

static void print_thread(const struct top *top, const struct thread *t, int columns)
{
	static char what[LINE], line[LINE + 256];
	char read[16], written[16], time[16], name[4 * sizeof t->source->header->program];
	uint64_t now = top->threads.last, from = since(t);

	put_what(what, sizeof what, t, now);
	recorded_text(name, sizeof name, t->tid == t->task.pid ? t->program : t->task.name, t->is_recorded && t->tid == t->task.pid ? sizeof t->source->header->program : sizeof t->task.name);
	if (!from || from > now || is_busy(t, now))
		strcpy(time, "-");
	else
		duration(time, now - from, !thread_is_in(t));
	snprintf(line, sizeof line, "%7d %c %5.1f %7.0f %6s %6s %8s %s%.15s: %s", t->tid, t->task.state, 100 * a_second(t, t->cpu) / SECOND, a_second(t, t->calls),
		 amount(read, a_second(t, t->read_bytes)), amount(written, a_second(t, t->written_bytes)), time, t->tid == t->task.pid ? "" : "  ", name, what);
	put_line(top, line, columns);
}

static void print_text(const struct top *top)
{
	struct winsize size = {0};
	time_t seconds = (time_t)(top->threads.last / SECOND);
	unsigned shown = 0, all = HASH_COUNT(top->threads.table), most = all;
	char head[128] = "", path[4200];
	struct tm when;
	int columns = LINE;

	if (top->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) {
		columns = size.ws_col;
		most = size.ws_row > HEAD_LINES + 1 ? (unsigned)size.ws_row - HEAD_LINES : 1;
	}
	if (top->is_terminal)
		fputs("\033[H", stdout);
	if (localtime_r(&seconds, &when))
		strftime(head, sizeof head, "%H:%M:%S", &when);
	recorded_text(path, sizeof path, top->recording.path, strlen(top->recording.path));
	snprintf(head + strlen(head), sizeof head - strlen(head), "  %u program%s, %u thread%s  ", top->threads.running, top->threads.running == 1 ? "" : "s", all, all == 1 ? "" : "s");
	char line[sizeof head + sizeof path];
	snprintf(line, sizeof line, "%s%s", head, path);
	put_line(top, line, columns);
	put_line(top, "    TID S  %CPU CALLS/S READ/S WRIT/S      FOR PROGRAM: IN", columns);
	for (const struct thread *t = top->threads.table; t && shown < most; t = t->hh.next, shown++)
		print_thread(top, t, columns);
	if (shown < all) {
		snprintf(line, sizeof line, "... %u more threads: a higher window, -p PID, or -b shows them", all - shown);
		put_line(top, line, columns);
	}
	fputs(top->is_terminal ? "\033[J" : "\n", stdout);
}

static void print_json(const struct top *top)
{
	static char what[LINE], line[LINE * 7];
	uint64_t now = top->threads.last;

	for (const struct thread *t = top->threads.table; t; t = t->hh.next) {
		struct text out = {line, line + sizeof line - 1, 0}, args = {what, what + sizeof what, 0};
		int busiest = thread_busiest(t), is_known = thread_is_in(t), is_in = is_known || t->task.place == TASK_IN_CALL;
		text_string(&out, "{\"time_ns\":");
		text_unsigned(&out, now);
		json_number(&out, "interval_ns", (int64_t)t->interval);
		json_number(&out, "pid", t->task.pid);
		json_number(&out, "tid", t->tid);
		json_string(&out, "program", t->program, strnlen(t->program, t->is_recorded ? sizeof t->source->header->program : sizeof t->task.name));
		text_string(&out, t->is_recorded ? ",\"recorded\":true" : ",\"recorded\":false");
		json_string(&out, "state", &t->task.state, 1);
		json_number(&out, "cpu_ns", (int64_t)t->cpu);
		json_number(&out, "calls", (int64_t)t->calls);
		json_number(&out, "call_ns", (int64_t)thread_in_calls(t, now));
		json_number(&out, "read_bytes", (int64_t)t->read_bytes);
		json_number(&out, "written_bytes", (int64_t)t->written_bytes);
		if (is_in) {
			task_call_text(&args, &t->task, t->source, is_known ? t->open : NULL);
			const char *bracket = memchr(what, '(', (size_t)(args.at - what));
			size_t name = bracket ? (size_t)(bracket - what) : (size_t)(args.at - what);
			json_string(&out, "call", what, name);
			json_string(&out, "args", what + name + (bracket != NULL), (size_t)(args.at - what) - name - (bracket != NULL));
		} else {
			text_string(&out, ",\"call\":null,\"args\":null");
		}
		text_string(&out, is_known ? ",\"since_ns\":" : ",\"since_ns\":null");
		if (is_known)
			text_unsigned(&out, t->open_since);
		text_string(&out, t->returned ? ",\"returned_ns\":" : ",\"returned_ns\":null");
		if (t->returned)
			text_unsigned(&out, t->returned);
		if (busiest >= 0) {
			const char *name = syscall_name((unsigned)busiest);
			json_string(&out, "busiest", name ? name : "others", strlen(name ? name : "others"));
			json_number(&out, "busiest_calls", (int64_t)t->by_call[busiest].calls);
			json_number(&out, "busiest_ns", (int64_t)t->by_call[busiest].nanoseconds);
		} else {
			text_string(&out, ",\"busiest\":null,\"busiest_calls\":0,\"busiest_ns\":0");
		}
		text_string(&out, "}\n");
		fwrite(line, 1, (size_t)(out.at - line), stdout);
	}
}

static void read_keys(struct top *t)
{
	struct termios keys;

	if (!t->is_terminal || tcgetattr(STDIN_FILENO, &t->as_it_was) != 0 || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	keys = t->as_it_was;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t->reads_keys = tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
}

/* Until the next look; 0: q was typed. */
static int pause_for(const struct top *t, uint64_t ns)
{
	struct pollfd keys = {t->reads_keys ? STDIN_FILENO : -1, POLLIN, 0};
	char key;

	return poll(&keys, 1, (int)(ns / 1000000)) != 1 || read(STDIN_FILENO, &key, 1) != 1 || key != 'q';
}

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void watch(struct top *t)
{
	uint64_t cost = 0;

	if (t->is_terminal)
		fputs("\033[2J", stdout);
	for (unsigned long i = 1;; i++) {
		(t->json ? print_json : print_text)(t);
		if (fflush(stdout) != 0 || i == t->looks || interrupted_by)
			return;
		if (!pause_for(t, t->delay > 4 * cost ? t->delay : 4 * cost) || interrupted_by)
			return;
		uint64_t began = monotonic();
		recording_again(&t->recording);
		threads_look(&t->threads, &t->recording, t->pid);
		cost = monotonic() - began;
		if (!HASH_COUNT(t->threads.table))
			return;
	}
}

static int complain(const char *what)
{
	fprintf(stderr, "sysshim top: %s\n", what);
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
	char path[4200];

	recorded_text(path, sizeof path, t->recording.path, strlen(t->recording.path));
	if (t->pid && t->threads.running)
		fprintf(stderr, "sysshim top: -p %d: no process or thread of %s that runs has this number\n", t->pid, path);
	else
		fprintf(stderr, "sysshim top: no program of %s runs any more; `sysshim show` says how they ended\n", path);
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
	t.is_terminal = !t.json && !t.below && isatty(STDOUT_FILENO);
	interrupt_await();
	read_keys(&t);
	watch(&t);
	if (t.reads_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t.as_it_was);
	threads_free(&t.threads);
	(t.json ? recording_coverage_line : recording_coverage)(&t.recording, stdout);
	int status = recording_end(&t.recording, stdout);
	interrupt_end();
	return status;
}
