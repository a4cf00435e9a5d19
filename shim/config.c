/* The file of SYSSHIM_CONFIG; see config.h. Its lines become entries as an environment has them, in place. */
#include "config.h"
#include "sys/memory.h"
#include "sys/raw.h"
#include "../format/syscalls.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "sys/poison.h"

enum { BYTES = 16384, ENTRIES = 48 };

static char *entries[ENTRIES + 1] BULKY;

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

/* `line` ends with a NUL. Its entry; NULL: it is none. */
static char *entry_of(char *line)
{
	char *name = line, *name_end = line, *value, *to;

	while (*name_end && *name_end != '=' && !is_blank(*name_end))
		name_end++;
	value = skip_blanks(name_end);
	if (*value != '=' || !string_after(name, "SYSSHIM_"))
		return NULL;
	value = skip_blanks(value + 1);
	to = name_end;
	*to++ = '=';
	while ((*to = *value++))
		to++;
	while (is_blank(to[-1]))
		*--to = 0;
	return name;
}

static int is_in(char *const *environment, const char *entry)
{
	while (*environment && !string_same_name(*environment, entry))
		environment++;
	return *environment != NULL;
}

/* 0: there is no room. */
static int add(char *entry)
{
	unsigned i = 0;

	while (entries[i] && !string_same_name(entries[i], entry))
		i++;
	if (i == ENTRIES)
		return 0;
	entries[i] = entry;
	return 1;
}

/* The file's text, with a NUL behind it; NULL: `why` says it. */
static char *text_of(const char *path, struct text *why)
{
	struct stat status;
	long fd = RAW_OPEN(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), got = fd, at = 0;
	const char *wrong = NULL;

	if (fd >= 0) {
		got = RAW(__NR_fstat, fd, &status);
		if (got == 0 && (status.st_mode & S_IFMT) != S_IFREG)
			wrong = "not a regular file";
		else if (got == 0 && status.st_size >= BYTES)
			wrong = "longer than 16383 bytes";
		else if (got == 0)
			got = at = RAW(__NR_mmap, 0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at && !is_error(at))
			got = RAW(__NR_read, fd, at, BYTES - 1);
		if (at && !is_error(got) && string_length((const char *)at) < (size_t)got)
			wrong = "no text, there is a NUL in it";
		RAW(__NR_close, fd);
	}
	if (!wrong && !is_error(got))
		return (char *)at;
	text_string(why, wrong ? wrong : errno_text((unsigned)-got));
	return NULL;
}

char *const *config_read(const char *path, char *const *environment, struct text *why)
{
	char *line = text_of(path, why);
	unsigned number = 1;

	for (char *next; line && *line; line = next, number++) {
		for (next = line; *next && *next != '\n'; next++)
			;
		if (*next)
			*next++ = 0;
		line = skip_blanks(line);
		if (!*line || *line == '#')
			continue;
		char *entry = entry_of(line);
		if (entry && (is_in(environment, entry) || add(entry)))
			continue;
		text_string(why, "line ");
		text_decimal(why, (int)number);
		text_string(why, entry ? " is one too many" : ": allowed is SYSSHIM_NAME = value");
		return NULL;
	}
	return line ? entries : NULL;
}
