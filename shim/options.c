/* Options, read from the environment and the file of settings. A wrong value is said in one line and the program runs without us; an unknown
 * SYSSHIM_ name may be a slip of the pen: it gets a warning with the nearest name and nothing else happens. */
#include "options.h"
#include "config.h"
#include "option_values.h"
#include "record/birth_stderr.h"
#include "sys/memory.h"
#include "../format/text.h"

#include "sys/poison.h"

enum { NAME_LIMIT = 32, SHOWN = 240 };

const char *options_value(char *const *environment, const char *name)
{
	for (; *environment; environment++) {
		const char *rest = string_after(*environment, name);
		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

/* What only takes away: it makes no file and runs nothing. */
static int is_harmless(const char *entry)
{
	if (string_after(entry, "SYSSHIM_DISABLE="))
		return 1;
	while (*entry && *entry != '=')
		entry++;
	return string_equal(entry, "=off");
}

void options_drop(char **environment)
{
	char **to = environment;

	for (; *environment; environment++)
		if (!string_after(*environment, "SYSSHIM_") || is_harmless(*environment))
			*to++ = *environment;
	while (to < environment)
		*to++ = NULL;
}

static int matches_one(const char *globs, const char *program)
{
	char glob[256];

	while (*globs) {
		size_t length = 0;
		for (; *globs && *globs != ','; globs++)
			if (length < sizeof glob - 1)
				glob[length++] = *globs;
		glob[length] = 0;
		if (length && string_matches(glob, program))
			return 1;
		globs += *globs == ',';
	}
	return 0;
}

/* How many letters must be changed, added or taken away; both at most NAME_LIMIT long. */
static unsigned distance(const char *a, size_t a_length, const char *b)
{
	uint8_t row[NAME_LIMIT + 1];
	size_t b_length = string_length(b);

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (uint8_t)j;
	for (size_t i = 1; i <= a_length; i++) {
		uint8_t corner = row[0];
		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= b_length; j++) {
			uint8_t best = (uint8_t)(corner + (a[i - 1] != b[j - 1]));
			corner = row[j];
			if (row[j] + 1 < best)
				best = (uint8_t)(row[j] + 1);
			if (row[j - 1] + 1 < best)
				best = (uint8_t)(row[j - 1] + 1);
			row[j] = best;
		}
	}
	return row[b_length];
}

enum { WARNINGS = 8 };

static void warn_unknown(const char *entry, size_t length)
{
	static unsigned warnings;
	char name[NAME_LIMIT + 1];
	unsigned nearest = 0, best = ~0u;

	/* Thousands are no slips of the pen. */
	if (warnings++ == WARNINGS)
		COMPLAIN("there are more SYSSHIM_ variables that are not known");
	if (warnings > WARNINGS)
		return;
	if (length > NAME_LIMIT)
		length = NAME_LIMIT;
	memcpy(name, entry, length);
	name[length] = 0;
	for (unsigned i = 0; option_name(i); i++) {
		unsigned d = distance(name, length, option_name(i));
		if (d < best) {
			best = d;
			nearest = i;
		}
	}
	COMPLAIN(name, " is not known and has no effect; the nearest is ", option_name(nearest));
}

/* The line must keep room for what is allowed. */
static void complain_wrong(const char *entry, const char *allowed)
{
	char shown[SHOWN];
	struct text out = {shown, shown + sizeof shown - 4, 0};

	text_string(&out, entry);
	if (out.cut)
		text_string(&(struct text){out.at, shown + sizeof shown - 1, 0}, "...");
	else
		*out.at = 0;
	shown[sizeof shown - 1] = 0;
	COMPLAIN(shown, ": allowed is ", allowed, "; the program runs without sysshim");
}

static int read_one(const char *entry, int is_first)
{
	size_t length = 0;

	while (entry[length] && entry[length] != '=')
		length++;
	if (!entry[length])
		return 1;
	for (unsigned i = 0; option_name(i); i++) {
		if (!option_is(i, entry, length))
			continue;
		const char *allowed = option_take(i, entry + length + 1);
		if (allowed)
			complain_wrong(entry, allowed);
		return !allowed;
	}
	/* Said once, by the recording's first program. */
	if (is_first)
		warn_unknown(entry, length);
	return 1;
}

static char *const *config;

char *const *options_config(void)
{
	static char *const none[] = {NULL};

	return config ? config : none;
}

/* 0: it is wrong, which is said. */
static int read_config(const char *path, char *const *environment)
{
	static char wrong[160];
	struct text why = {wrong, wrong + sizeof wrong - 1, 0};

	config = config_read(path, environment, &why);
	*why.at = 0;
	if (!config)
		COMPLAIN("SYSSHIM_CONFIG=", path, ": ", wrong, "; a file of SYSSHIM_NAME = value lines would do; the program runs without sysshim");
	for (char *const *entry = options_config(); *entry; entry++)
		if (!read_one(*entry, 1))
			return 0;
	return config != NULL;
}

int options_read(char **environment)
{
	static char disabled[] = "SYSSHIM_DISABLE=1";
	const char *disable = options_value(environment, "SYSSHIM_DISABLE");
	int is_first = !options_value(environment, "SYSSHIM_RECORDING");

	options_default();
	if (disable && *disable)
		return 0;
	/* Its children have what it says in their environments. */
	const char *file = is_first ? options_value(environment, "SYSSHIM_CONFIG") : NULL;
	int config_is_wrong = file && !read_config(file, environment);
	if (config && (disable = options_value(config, "SYSSHIM_DISABLE")) && *disable)
		return 0;
	for (; *environment; environment++)
		if (string_after(*environment, "SYSSHIM_") && (config_is_wrong || !read_one(*environment, is_first))) {
			/* Children that inherit it would all say the same again. */
			*environment = disabled;
			return 0;
		}
	options_settle(is_first);
	return 1;
}

static const char *value_of(char *const *environment, const char *name)
{
	const char *value = options_value(environment, name);

	return value ? value : options_value(options_config(), name);
}

int options_wants(char *const *environment, const char *program)
{
	const char *include = value_of(environment, "SYSSHIM_APP_INCLUDE"), *exclude = value_of(environment, "SYSSHIM_APP_EXCLUDE");

	return (!include || !*include || matches_one(include, program)) && !(exclude && matches_one(exclude, program));
}
