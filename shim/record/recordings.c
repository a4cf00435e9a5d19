/* The state folder's recordings; see recordings.h. */
#include "recordings.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../sys/settings.h"

#include <asm/stat.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

enum { TYPE = 0170000, FOLDER = 0040000, NAME = 32, ENTRIES = 4096 };

/* getdents64(2). */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

int state_path(struct text *out, const char *state, const char *home, const char *rest)
{
	if (state && state[0] == '/') {
		text_string(out, state);
	} else if (home && home[0] == '/') {
		text_string(out, home);
		text_string(out, "/.local/state");
	} else {
		return 0;
	}
	text_string(out, rest);
	return !out->cut;
}

/* Days since 1970 in the proleptic Gregorian calendar, with years that begin in March so that a leap day is a year's last. */
static void text_date(struct text *out, uint64_t time)
{
	uint64_t seconds = time / 1000000000, days = seconds / 86400 + 719468 /* from March of the year 0 */, era = days / 146097, day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365, rest = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * rest + 2) / 153;

	text_padded(out, year + era * 400 + (month >= 10), 4, '0');
	text_padded(out, month < 10 ? month + 3 : month - 9, 2, '0');
	text_padded(out, rest - (153 * month + 2) / 5 + 1, 2, '0');
	text_char(out, 'T');
	text_padded(out, seconds / 3600 % 24, 2, '0');
	text_padded(out, seconds / 60 % 60, 2, '0');
	text_padded(out, seconds % 60, 2, '0');
	text_char(out, '.');
	text_padded(out, time / 1000 % 1000000, 6, '0');
}

/* A name as it is made here; its process number behind the dash, 0: it is none. */
static int is_recording(const char *name)
{
	int pid = 0;

	for (const char *like = "00000000T000000.000000-"; *like; like++, name++)
		if (*like == '0' ? *name < '0' || *name > '9' : *name != *like)
			return 0;
	for (; *name >= '0' && *name <= '9' && pid < 100000000; name++)
		pid = pid * 10 + (*name - '0');
	return *name ? 0 : pid;
}

static int is_record(const char *name)
{
	size_t length = string_length(name);

	return string_equal(name, "total") || (length > 4 && string_equal(name + length - 4, ".rec"));
}

/* What is not ours keeps the folder. */
static void take_away(long folder, const char *name)
{
	static char entries[ENTRIES] __attribute__((aligned(8)));
	long got, fd = RAW(__NR_openat, folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((got = RAW(__NR_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(entries + at))->size)
			if (is_record(((struct entry *)(entries + at))->name))
				RAW(__NR_unlinkat, fd, ((struct entry *)(entries + at))->name, 0);
	RAW(__NR_close, fd);
	RAW(__NR_unlinkat, folder, name, AT_REMOVEDIR);
}

static int comes_before(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (uint8_t)*a < (uint8_t)*b;
}

static void copy_name(char *to, const char *name)
{
	struct text out = {to, to + NAME - 1, 0};

	text_string(&out, name);
	*out.at = 0;
}

/* The newest seen so far stand in `kept`; what is driven out of them, or finds no place there, is too old. */
static void keep_newest(long folder)
{
	static char entries[ENTRIES] __attribute__((aligned(8))), kept[RECORDINGS_KEPT][NAME], old[NAME];
	unsigned count = 0;
	long got;

	while ((got = RAW(__NR_getdents64, folder, entries, sizeof entries)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(entries + at))->size) {
			const char *name = ((struct entry *)(entries + at))->name;
			unsigned oldest = 0;
			if (!is_recording(name))
				continue;
			if (count < RECORDINGS_KEPT) {
				copy_name(kept[count++], name);
				continue;
			}
			for (unsigned i = 1; i < count; i++)
				if (comes_before(kept[i], kept[oldest]))
					oldest = i;
			copy_name(old, name);
			if (comes_before(kept[oldest], name)) {
				copy_name(old, kept[oldest]);
				copy_name(kept[oldest], name);
			}
			if (RAW(__NR_kill, is_recording(old), 0) == -ESRCH)
				take_away(folder, old);
		}
}

/* mkdir -p -m 700; -errno. */
static int make_folders(char *path)
{
	for (char *at = path + 1;; at++) {
		char old = *at;
		if (old && old != '/')
			continue;
		*at = 0;
		long made = RAW(__NR_mkdirat, AT_FDCWD, path, 0700);
		*at = old;
		if (!old || (made && made != -EEXIST))
			return (int)made;
	}
}

const char *recordings_make(char *path, const char *state, const char *home, uint64_t time, int pid)
{
	struct text out = {path, path + PATH_LIMIT - 1, 0};
	const char *base = state && state[0] == '/' ? state : home;
	struct stat status;

	if (!state_path(&out, state, home, "/sysshim/recordings"))
		return "neither XDG_STATE_HOME nor HOME names a folder";
	char *folder_end = out.at;
	*folder_end = 0;
	/* A HOME that is somebody else's (su and sudo may keep it) is not to get files of ours. */
	if (RAW(__NR_stat, base, &status) == 0 && status.st_uid != RAW(__NR_geteuid))
		return "the folder for recordings would be in somebody else's home";
	text_char(&out, '/');
	text_date(&out, time);
	text_char(&out, '-');
	text_decimal(&out, pid);
	*out.at = 0;
	if (out.cut)
		return "the path to the folder for recordings is too long";
	int made = (int)RAW(__NR_mkdirat, AT_FDCWD, path, 0700);
	if (made == -ENOENT)
		made = make_folders(path);
	if (made && made != -EEXIST)
		return errno_text((unsigned)-made) ? errno_text((unsigned)-made) : "the folder for recordings cannot be made";
	*folder_end = 0;
	long folder = RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*folder_end = '/';
	if (folder >= 0) {
		keep_newest(folder);
		RAW(__NR_close, folder);
	}
	return NULL;
}
