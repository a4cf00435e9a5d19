/* The state folder's recordings; see recordings.h. */
#include "recordings.h"
#include "../sys/clock.h"
#include "../sys/folder.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../sys/settings.h"
#include "../sys/space.h"
#include "../../include/sysshim/record.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>

#include "../sys/poison.h"

enum { NAME = 40, ENTRIES = 4096, OTHERS_WRITE = 022 };

static int is_record(const char *name)
{
	size_t length = string_length(name);

	return string_equal(name, "total") || (length > 4 && string_equal(name + length - 4, ".rec"));
}

/* The process of a file PID-TIME.rec; 0: it is none. */
static int process_of(const char *name)
{
	int pid = state_number(&name);

	return *name == '-' ? pid : 0;
}

static int is_gone(int pid)
{
	return RAW(__NR_kill, pid, 0) == -ESRCH;
}

/* Bytes of a file in the folder. */
static int read_from(long folder, const char *name, void *to, uint64_t size, uint64_t at)
{
	long fd = RAW(__NR_openat, folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), got = fd < 0 ? 0 : RAW(__NR_pread64, fd, to, size, at);

	if (fd >= 0)
		RAW(__NR_close, fd);
	return got == (long)size;
}

uint64_t recordings_place(void)
{
	char boot[RECORD_BOOT_ID];
	struct stat status;

	if (RAW_STAT("/proc/self/ns/pid", &status) != 0)
		return 0;
	return record_place_sum(read_from(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof boot, 0) ? boot : NULL, status.st_ino);
}

/* Were its processes numbered as we are? */
static int is_of_our_place(long folder)
{
	static uint64_t ours;
	uint64_t theirs;

	if (!read_from(folder, "total", &theirs, sizeof theirs, offsetof(struct record_total, place)) || !theirs)
		return 1;
	ours = ours ? ours : recordings_place();
	return ours == theirs;
}

/* Does its file say that it goes on, or nothing yet? Of who was killed nothing else is known, and a number may be another's by now, or of an inner pid namespace. */
static int is_running(long folder, const char *name)
{
	uint32_t end;

	return !read_from(folder, name, &end, sizeof end, offsetof(struct record_header, end)) || end == RECORD_RUNNING;
}

/* Of a process whose number says nothing here: it has not ended, and had something to say in the last day. */
static int may_live(long folder, const char *name)
{
	enum { DAY = 86400 };
	struct stat status;

	return is_running(folder, name) && RAW(__NR_newfstatat, folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (int64_t)(clock_realtime() / 1000000000u) - (int64_t)status.st_mtime < DAY;
}

/* first: who has made the folder. */
static int any_lives(struct folder_names *n, int first)
{
	int is_ours = is_of_our_place(n->fd);

	if (is_ours && !is_gone(first))
		return 1;
	for (const char *name; (name = folder_next(n));) {
		int pid = process_of(name);
		if (pid && (is_ours ? !is_gone(pid) && is_running(n->fd, name) : may_live(n->fd, name)))
			return 1;
	}
	return 0;
}

/* An old recording goes when all its processes are gone; what is not ours keeps its folder. `most`: files that may still be taken away by this
 * start, -1: any number. */
static void take_away(long folder, const char *name, int *most)
{
	static char entries[ENTRIES] BULKY __attribute__((aligned(8)));
	struct folder_names n = {.fd = RAW(__NR_openat, folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), .room = entries, .room_size = sizeof entries};

	if (n.fd < 0)
		return;
	int lives = any_lives(&n, state_recording_pid(name));
	folder_from_the_start(&n);
	for (const char *file; !lives && *most && (file = folder_next(&n));)
		if (is_record(file)) {
			RAW(__NR_unlinkat, n.fd, file, 0);
			*most -= *most > 0;
		}
	RAW(__NR_close, n.fd);
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

static char kept[RECORDINGS_KEPT][NAME] BULKY;

static unsigned oldest_kept(unsigned count)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < count; i++)
		if (comes_before(kept[i], kept[oldest]))
			oldest = i;
	return oldest;
}

static void consider(const char *name, unsigned *count)
{
	unsigned oldest = *count < RECORDINGS_KEPT ? *count : oldest_kept(RECORDINGS_KEPT);

	if (*count < RECORDINGS_KEPT || comes_before(kept[oldest], name))
		copy_name(kept[oldest], name);
	++*count;
}

uint64_t recordings_room(const struct statfs *s)
{
	return s->f_blocks ? space_of(s, (uint64_t)s->f_bavail) : ~0ul;
}

struct size {
	uint64_t bytes, files;
};

/* As its own processes count them: full chunks, and files, which have a chunk or two that are not full. */
static struct size size_of(long folder, const char *name)
{
	char path[NAME + sizeof "/total"];
	struct text out = {path, path + sizeof path - 1, 0};
	struct record_total total;

	text_string(&out, name);
	text_string(&out, "/total");
	*out.at = 0;
	if (!read_from(folder, path, &total, sizeof total, 0))
		return (struct size){0, 0};
	return (struct size){total.bytes + (uint64_t)total.processes * RECORD_CHUNK, total.processes};
}

/* Where the disk has little room, or room for few files, the newest are fewer: all together are to be a PART_OF_FREE-th of what is free at most. The last one is our own. */
enum { PART_OF_FREE = 4 };

static int is_too_much(const struct size *sum, const struct statfs *s)
{
	return sum->bytes > recordings_room(s) / PART_OF_FREE || (s->f_files && sum->files > (uint64_t)s->f_ffree / PART_OF_FREE);
}

static void keep_few(long folder, unsigned count)
{
	struct statfs status;
	struct size sizes[RECORDINGS_KEPT], sum = {0, 0}, most = {(uint64_t)RECORDINGS_KEPT * RECORD_TOTAL_BYTES, (uint64_t)RECORDINGS_KEPT * RECORD_TOTAL_PROCESSES};
	int any_number = -1;

	if (RAW(__NR_fstatfs, folder, &status) != 0 || !is_too_much(&most, &status))
		return;
	for (unsigned i = 0; i < count; i++) {
		sizes[i] = size_of(folder, kept[i]);
		sum.bytes += sizes[i].bytes;
		sum.files += sizes[i].files;
	}
	for (; count > 1 && is_too_much(&sum, &status); count--) {
		unsigned oldest = oldest_kept(count);
		take_away(folder, kept[oldest], &any_number);
		sum.bytes -= sizes[oldest].bytes;
		sum.files -= sizes[oldest].files;
		sizes[oldest] = sizes[count - 1];
		copy_name(kept[oldest], kept[count - 1]);
	}
}

static void keep_newest(long folder)
{
	static char entries[ENTRIES] BULKY __attribute__((aligned(8)));
	struct folder_names n = {.fd = folder, .room = entries, .room_size = sizeof entries};
	unsigned count = 0;

	for (const char *name; (name = folder_next(&n));)
		if (state_recording_pid(name))
			consider(name, &count);
	keep_few(folder, count < RECORDINGS_KEPT ? count : RECORDINGS_KEPT);
	if (count <= RECORDINGS_KEPT)
		return;
	const char *oldest = kept[oldest_kept(RECORDINGS_KEPT)];
	int most = count > TOO_MANY ? -1 : UNLINKS;
	folder_from_the_start(&n);
	for (const char *name; (name = folder_next(&n));) {
		if (state_recording_pid(name) && comes_before(name, oldest))
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

/* Is there something in our place that is not the user's alone? Who may put other things there could have any file cut that our path then names. */
static int is_anothers(const char *path)
{
	struct stat status;

	return RAW_STAT(path, &status) == 0 && (status.st_uid != RAW(__NR_geteuid) || status.st_mode & OTHERS_WRITE);
}

/* path: .../sysshim/recordings. */
static int either_is_anothers(char *path, char *end)
{
	int is = is_anothers(path);

	while (*end != '/')
		end--;
	*end = 0;
	is |= is_anothers(path);
	*end = '/';
	return is;
}

/* As far up as there is anything of the path. */
static int is_remote(char *path, char *end)
{
	struct statfs status = {0};

	for (char *at = end; at > path; at--) {
		char old = *at;
		if (old && old != '/')
			continue;
		*at = 0;
		long result = RAW(__NR_statfs, path, &status);
		*at = old;
		if (result != -ENOENT)
			return result == 0 && state_is_remote((uint64_t)status.f_type);
	}
	return 0;
}

const char *recordings_make(char *path, const char *state, const char *home, uint64_t time, int pid)
{
	struct text out = {path, path + PATH_LIMIT - 1, 0};
	const char *base = state && state[0] == '/' ? state : home;
	struct stat status;

	if (!state_path(&out, state, home, STATE_RECORDINGS))
		return out.cut ? "the path to the folder for recordings is too long" : "neither XDG_STATE_HOME nor HOME names a folder below /";
	char *folder_end = out.at;
	*folder_end = 0;
	/* A HOME that is somebody else's (su and sudo may keep it) is not to get files of ours. */
	int is_there = RAW_STAT(base, &status) == 0;
	if (!is_there && base == home)
		return "HOME is not there";
	if (is_there && status.st_uid != RAW(__NR_geteuid))
		return "the folder for recordings would be in somebody else's home";
	if (either_is_anothers(path, folder_end))
		return "others may write into the folder for recordings";
	if (!settings.log_asked && is_remote(path, folder_end))
		return "the folder for recordings lies on a network file system";
	text_char(&out, '/');
	state_recording_name(&out, time, pid);
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
