/* The options: one table, one function a kind of value; see option_values.h. */
#include "option_values.h"
#include "inject.h"
#include "process/life.h"
#include "sys/memory.h"
#include "sys/raw.h"
#include "../format/text.h"
#include "../format/trace_set.h"

#include "sys/poison.h"

struct settings settings;
char settings_log_path[PATH_LIMIT] BULKY, settings_stats_path[PATH_LIMIT] BULKY, settings_path_exclude[PATH_EXCLUDE_MOST + 2] BULKY;

struct option {
	char name[24];
	char allowed[128];
};

static int is_on(const char *value, uint8_t *to)
{
	*to = string_equal(value, "on");
	return *to || string_equal(value, "off");
}

/* A relative path means the folder at our birth, whatever the program or its children make their own. */
static int take_path(const char *value, char *to)
{
	struct text out = {to, to + PATH_LIMIT - 1, 0};

	if (value[0] != '/') {
		long length = RAW(__NR_getcwd, to, PATH_LIMIT - 1);
		if (length <= 1 || to[0] != '/')
			return 0;
		out.at += length - 1;
		if (out.at[-1] != '/')
			text_char(&out, '/');
	}
	/* What getcwd says is no pattern; a percent sign in it would be read as one. */
	for (const char *c = to; c < out.at; c++)
		if (*c == '%')
			return 0;
	text_string(&out, value);
	*out.at = 0;
	return !out.cut && *value;
}

static int take_output(const char *value, uint8_t *kind, char *path)
{
	*kind = string_equal(value, "off") ? OUTPUT_OFF : OUTPUT_PATH;
	return *kind == OUTPUT_OFF || take_path(value, path);
}

static int take_log(const char *value)
{
	settings.log_asked = 1;
	settings.log_found = 0;
	if (!string_equal(value, "-"))
		return take_output(value, &settings.log, settings_log_path);
	settings.log = OUTPUT_STDERR;
	return 1;
}

/* The recording's folder, which its first program has found in the state folder; empty: there is none. Whoever names another log has it. */
static int take_state(const char *value)
{
	if (settings.log != OUTPUT_STATE)
		return 1;
	settings.log_found = 1;
	settings.log = *value ? OUTPUT_PATH : OUTPUT_OFF;
	settings.log_format = LOG_BINARY;
	return !*value || take_path(value, settings_log_path);
}

static int take_stats(const char *value)
{
	if (!string_equal(value, "stderr") && !string_equal(value, "-"))
		return take_output(value, &settings.stats, settings_stats_path);
	settings.stats = OUTPUT_STDERR;
	return 1;
}

static int take_format(const char *value)
{
	settings.stats_json = string_equal(value, "json");
	return settings.stats_json || string_equal(value, "text");
}

static int take_log_format(const char *value)
{
	settings.log_format = string_equal(value, "binary") ? LOG_BINARY : string_equal(value, "json") ? LOG_JSON : LOG_TEXT;
	settings.log_asked = 1;
	return settings.log_format != LOG_TEXT || string_equal(value, "text");
}

/* A recording has a place of its own; lines that nobody gave one go to stderr, as strace's do. */
static void settle_log(int is_first)
{
	if (settings.log == OUTPUT_STATE && (settings.log_format == LOG_TEXT || settings.log_format == LOG_JSON))
		settings.log = OUTPUT_STDERR;
	else if (settings.log == OUTPUT_STATE)
		settings.log_format = LOG_BINARY;
	/* Only the recording's first program looks for a folder. */
	if (settings.log == OUTPUT_STATE && !is_first)
		settings.log = OUTPUT_OFF;
	settings.recording = settings.log_format == LOG_BINARY && (settings.log == OUTPUT_STATE || settings.log == OUTPUT_PATH);
}

static int take_timing(const char *value)
{
	return is_on(value, &settings.timing);
}

static int take_follow(const char *value)
{
	return is_on(value, &settings.follow);
}

/* All rows with one of these flags. */
static void add_to_trace(unsigned flags)
{
	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (row && row->flags & flags)
			settings.trace[number / 64] |= 1ull << number % 64;
	}
}

/* A reader shows only what was asked for; but what a descriptor or relative path means depends on the calls that change it. */
static void settle_trace(void)
{
	int needs = 0;

	memcpy(settings.asked, settings.trace, sizeof settings.asked);
	if (!settings.recording || !settings.trace_named || settings.audit)
		return;
	for (uint64_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		needs |= row && row->flags & (CALL_FILE | CALL_DESC) && trace_set_has(settings.trace, number);
	}
	if (needs)
		add_to_trace(CALL_LEADS);
}

static int take_trace(const char *value)
{
	const char *wrong;

	settings.audit = string_equal(value, "audit");
	settings.trace_named = 1;
	if (trace_set_parse(settings.trace, settings.audit ? "open_by_handle_at,io_uring_enter" : value, &wrong) != 0)
		return 0;
	/* The names of files, and what their paths are relative to. */
	if (settings.audit)
		add_to_trace(CALL_FILE | CALL_LEADS);
	return 1;
}

static size_t word_length(const char *value)
{
	size_t length = 0;

	while (value[length] && value[length] != ',')
		length++;
	return length;
}

static int word_is(const char *value, size_t length, const char *word)
{
	return length == string_length(word) && memcmp(value, word, length) == 0;
}

static int take_batch(const char *value)
{
	settings.batch = string_equal(value, "on") ? BATCH_FILES | BATCH_PIPES : 0;
	if (settings.batch || string_equal(value, "off"))
		return 1;
	for (;;) {
		size_t length = word_length(value);
		if (word_is(value, length, "file"))
			settings.batch |= BATCH_FILES;
		else if (word_is(value, length, "pipe"))
			settings.batch |= BATCH_PIPES;
		else
			return 0;
		if (!value[length])
			return 1;
		value += length + 1;
	}
}

static int take_intercept(const char *value)
{
	settings.rewrite = settings.interpose = 0;
	for (;;) {
		size_t length = word_length(value);
		if (word_is(value, length, "interpose"))
			settings.interpose = 1;
		else if (word_is(value, length, "rewrite"))
			settings.rewrite = REWRITE_HOT;
		else if (word_is(value, length, "rewrite-all"))
			settings.rewrite = REWRITE_ALL;
		else
			return 0;
		if (!value[length])
			return 1;
		value += length + 1;
	}
}

static int take_dispatch(const char *value)
{
	settings.watch = string_equal(value, "always");
	return settings.watch || string_equal(value, "auto");
}

static int take_number(const char *value, uint32_t least, uint32_t most, uint32_t *to)
{
	uint32_t number = 0;

	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '9' || number > most)
			return 0;
		number = number * 10 + (uint32_t)(*c - '0');
	}
	*to = number;
	return *value && number >= least && number <= most;
}

static int take_data(const char *value)
{
	return take_number(value, 0, 4096, &settings.data);
}

static int take_status(const char *value)
{
	settings.only_good = string_equal(value, "successful");
	settings.only_failed = string_equal(value, "failed");
	return settings.only_good || settings.only_failed || string_equal(value, "all");
}

static int take_least(const char *value)
{
	static const struct {
		char unit[4];
		uint32_t nanoseconds;
	} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	char number[12];
	uint32_t whole = 0;
	size_t length = 0;

	for (; value[length] >= '0' && value[length] <= '9' && length < sizeof number - 1; length++)
		number[length] = value[length];
	number[length] = 0;
	if (!take_number(number, 0, 1000000000, &whole))
		return 0;
	for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++)
		if (string_equal(value + length, units[i].unit)) {
			settings.least = (uint64_t)whole * units[i].nanoseconds;
			return 1;
		}
	return 0;
}

/* What is wrong with it is said more exactly than the table can. */
static char exactly[160];

static int take_inject(const char *value)
{
	struct text why = {exactly, exactly + sizeof exactly - 1, 0};

	if (inject_take(value, &why))
		return 1;
	*why.at = 0;
	return 0;
}

static int take_latency(const char *value)
{
	return take_number(value, 1, LATENCY_MOST, &settings.latency);
}

static int take_buffer(const char *value)
{
	return take_number(value, 1, BUFFER_MOST, &settings.buffer);
}

static int take_burst(const char *value)
{
	return take_number(value, 1, BURST_MOST, &settings.burst);
}

static int take_path_exclude(const char *value)
{
	char *to = settings_path_exclude;

	if (string_length(value) > PATH_EXCLUDE_MOST)
		return 0;
	for (; *value; value++)
		if (*value != ',')
			*to++ = *value;
		else if (to > settings_path_exclude && to[-1])
			*to++ = 0;
	to[0] = to[1] = 0;
	settings.excludes_paths = *settings_path_exclude != 0;
	return 1;
}

/* These are looked at before all others. */
static int take_nothing(const char *value)
{
	(void)value;
	return 1;
}

/* Names and values apart from what reads them: without pointers they need no relocation, which would cost each start a page. */
#define OPTIONS \
	OPTION("SYSSHIM_LOG", "a path (%p pid, %n program, %t time; absolute where the working folder is gone or has a %), - for stderr, off", take_log) \
	OPTION("SYSSHIM_LOG_FORMAT", "binary, text, json", take_log_format) \
	OPTION("SYSSHIM_STATS", "stderr, a path (%p pid, %n program, %t time; absolute where the working folder is gone or has a %), off", take_stats) \
	OPTION("SYSSHIM_STATS_FORMAT", "text, json", take_format) \
	OPTION("SYSSHIM_TIMING", "on, off", take_timing) \
	OPTION("SYSSHIM_BATCH", "on, off, file, pipe, a list of the last two", take_batch) \
	OPTION("SYSSHIM_LATENCY_MS", "1 to 1000 milliseconds", take_latency) \
	OPTION("SYSSHIM_BUFFER", "1 to 1000000 bytes", take_buffer) \
	OPTION("SYSSHIM_BURST", "1 to 4096 writes", take_burst) \
	OPTION("SYSSHIM_FOLLOW", "on, off", take_follow) \
	OPTION("SYSSHIM_DATA", "0 to 4096 bytes", take_data) \
	OPTION("SYSSHIM_TRACE", "names or numbers of system calls and %file %desc %io %network %process %signal %memory, all, none, ! before; or audit", take_trace) \
	OPTION("SYSSHIM_STATUS", "all, successful, failed", take_status) \
	OPTION("SYSSHIM_MIN_DURATION", "a whole number up to 1000000000 with ns, us, ms or s behind it", take_least) \
	OPTION("SYSSHIM_INTERCEPT", "interpose, rewrite, rewrite-all, a list of them", take_intercept) \
	OPTION("SYSSHIM_DISPATCH", "auto, always", take_dispatch) \
	OPTION("SYSSHIM_INJECT", "rules as strace's -e inject=, with ; between them", take_inject) \
	OPTION("SYSSHIM_PATH_EXCLUDE", "globs of paths with commas between them, 1024 bytes at most", take_path_exclude) \
	OPTION("SYSSHIM_APP_INCLUDE", "", take_nothing) \
	OPTION("SYSSHIM_APP_EXCLUDE", "", take_nothing) \
	OPTION("SYSSHIM_CONFIG", "", take_nothing) \
	OPTION("SYSSHIM_DISABLE", "", take_nothing) \
	OPTION("SYSSHIM_RECORDING", "", take_nothing) \
	OPTION("SYSSHIM_STATE", "", take_state) /* exec.c's */ \
	OPTION("SYSSHIM_LIBRARY", "", take_nothing) /* the command's */ \
	OPTION("SYSSHIM_TRACER", "", take_nothing) /* exec.c's */

static const struct option options[] = {
#define OPTION(name, allowed, take) {name, allowed},
	OPTIONS
#undef OPTION
};
enum { COUNT = sizeof options / sizeof options[0] };

const char *option_name(unsigned option)
{
	return option < COUNT ? options[option].name : NULL;
}

int option_is(unsigned option, const char *word, size_t length)
{
	return word_is(word, length, options[option].name);
}

const char *option_take(unsigned option, const char *value)
{
	static int (*const takes[])(const char *value) = {
#define OPTION(name, allowed, take) take,
		OPTIONS
#undef OPTION
	};

	if (takes[option](value))
		return NULL;
	return *exactly ? exactly : options[option].allowed;
}

enum { TIMING_UNSAID = 2 };

void options_default(void)
{
	/* One by one, and all else is zero as it is: a whole assignment would touch every page of long paths. */
	settings.log = OUTPUT_STATE;
	settings.stats = OUTPUT_STDERR;
	settings.timing = TIMING_UNSAID;
	settings.follow = 1;
	settings.rewrite = REWRITE_HOT;
	settings.interpose = 1;
	settings.batch = BATCH_FILES | BATCH_PIPES;
	settings.latency = 20;
	settings.buffer = 65536;
	settings.burst = 16;
	for (unsigned i = 0; i < SYSCALL_LIMIT / 64; i++)
		settings.trace[i] = ~0ul;
}

void options_settle(int is_first)
{
	settle_log(is_first);
	settle_trace();
	if (settings.timing == TIMING_UNSAID)
		settings.timing = !settings.audit;
	inject_settle(is_first);
	settings.by_end = settings.only_good || settings.only_failed || settings.least;
}
