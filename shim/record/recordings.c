/* The state folder's recordings; see recordings.h. */
#include "recordings.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../sys/settings.h"

#include <asm/stat.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

enum { NAME = 40, ENTRIES = 4096 };

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

/* The process of a file PID-TIME.rec; 0: it is none. */
static int process_of(const char *name)
{
	int pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < 100000000; name++)
		pid = pid * 10 + (*name - '0');
	return *name == '-' ? pid : 0;
}

static int is_gone(int pid)
{
	return RAW(__NR_kill, pid, 0) == -ESRCH;
}

/* An old recording goes when all its processes are gone; what is not ours keeps its folder. `most`: files that may still be taken away by this
 * start, -1: any number. */
static void take_away(long folder, const char *name, int *most)
{
	static char entries[ENTRIES] __attribute__((aligned(8)));
	long got, fd = RAW(__NR_openat, folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int lives = 0;

	if (fd < 0)
		return;
	while (!lives && (got = RAW(__NR_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < got && !lives; at += ((struct entry *)(entries + at))->size) {
			int pid = process_of(((struct entry *)(entries + at))->name);
			lives = pid && !is_gone(pid);
		}
	if (!lives)
		RAW(__NR_lseek, fd, 0, 0 /* SEEK_SET */);
	while (!lives && *most && (got = RAW(__NR_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < got && *most; at += ((struct entry *)(entries + at))->size)
			if (is_record(((struct entry *)(entries + at))->name)) {
				RAW(__NR_unlinkat, fd, ((struct entry *)(entries + at))->name, 0);
				*most -= *most > 0;
			}
	RAW(__NR_close, fd);
	if (!lives)
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

/* The newest are found first, then all others taken away. Recordings of many programs take a while to be: a start takes a part of them, unless
 * they have become too many. */
enum { UNLINKS = 4096, TOO_MANY = 2 * RECORDINGS_KEPT };

static char kept[RECORDINGS_KEPT][NAME];

static unsigned oldest_kept(void)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < RECORDINGS_KEPT; i++)
		if (comes_before(kept[i], kept[oldest]))
			oldest = i;
	return oldest;
}

static void consider(const char *name, unsigned *count)
{
	unsigned oldest = *count < RECORDINGS_KEPT ? *count : oldest_kept();

	if (*count < RECORDINGS_KEPT || comes_before(kept[oldest], name))
		copy_name(kept[oldest], name);
	++*count;
}

static void keep_newest(long folder)
{
	static char entries[ENTRIES] __attribute__((aligned(8)));
	unsigned count = 0;
	long got;

	while ((got = RAW(__NR_getdents64, folder, entries, sizeof entries)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(entries + at))->size)
			if (is_recording(((struct entry *)(entries + at))->name))
				consider(((struct entry *)(entries + at))->name, &count);
	if (count <= RECORDINGS_KEPT)
		return;
	const char *oldest = kept[oldest_kept()];
	int most = count > TOO_MANY ? -1 : UNLINKS;
	RAW(__NR_lseek, folder, 0, 0 /* SEEK_SET */);
	while ((got = RAW(__NR_getdents64, folder, entries, sizeof entries)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(entries + at))->size) {
			const char *name = ((struct entry *)(entries + at))->name;
			if (is_recording(name) && comes_before(name, oldest) && is_gone(is_recording(name)))
				take_away(folder, name, &most);
		}
}

int folder_make(const char *path)
{
	long made = RAW(__NR_mkdirat, AT_FDCWD, path, 0700);

	/* Whatever the umask takes away: one that nobody can enter would be in everybody's way. */
	if (!made)
		RAW(__NR_fchmodat, AT_FDCWD, path, 0700);
	return (int)made;
}

/* mkdir -p -m 700; -errno. */
static int make_folders(char *path)
{
	for (char *at = path + 1;; at++) {
		char old = *at;
		if (old && old != '/')
			continue;
		*at = 0;
		int made = folder_make(path);
		*at = old;
		if (!old || (made && made != -EEXIST))
			return made;
	}
}

const char *recordings_make(char *path, const char *state, const char *home, uint64_t time, int pid)
{
	struct text out = {path, path + PATH_LIMIT - 1, 0};
	const char *base = state && state[0] == '/' ? state : home;
	struct stat status;

	if (!state_path(&out, state, home, "/sysshim/recordings"))
		return out.cut ? "the path to the folder for recordings is too long" : "neither XDG_STATE_HOME nor HOME names a folder";
	char *folder_end = out.at;
	*folder_end = 0;
	/* A HOME that is somebody else's (su and sudo may keep it) is not to get files of ours. */
	int is_there = RAW(__NR_stat, base, &status) == 0;
	if (!is_there && base == home)
		return "HOME is not there";
	if (is_there && status.st_uid != RAW(__NR_geteuid))
		return "the folder for recordings would be in somebody else's home";
	text_char(&out, '/');
	text_date(&out, time);
	text_char(&out, '-');
	text_decimal(&out, pid);
	*out.at = 0;
	if (out.cut)
		return "the path to the folder for recordings is too long";
	int made = folder_make(path);
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

void recordings_unmake(char *path)
{
	char *slash = path + string_length(path);

	while (slash > path && *slash != '/')
		slash--;
	if (slash == path)
		return;
	RAW(__NR_unlinkat, AT_FDCWD, path, 0);
	struct text out = {slash, path + PATH_LIMIT - 1, 0};
	text_string(&out, "/total");
	*out.at = 0;
	RAW(__NR_unlinkat, AT_FDCWD, path, 0);
	*slash = 0;
	RAW(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}
