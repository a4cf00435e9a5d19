/* How a sink is opened: its name, whose file that is, its window. See sink.h. */
#include "sink.h"
#include "process.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"
#include "../../format/state.h"
#include "../../format/text.h"

#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/time_types.h>

#include "../sys/poison.h"

enum { REGULAR = 0100000, TYPE = 0170000, OWN = 0600 };

int sink_expand(char *to, const char *pattern, int pid, int add_pid)
{
	struct text out = {to, to + PATH_LIMIT - 1, 0};

	for (const char *c = pattern; *c; c++) {
		if (*c != '%') {
			text_char(&out, *c);
		} else if (c[1] == 'p') {
			text_decimal(&out, pid);
			add_pid = 0;
			c++;
		} else if (c[1] == 't') {
			text_unsigned(&out, inherited.recording_time / 1000000000u);
			c++;
		} else if (c[1] == 'n') {
			text_string(&out, inherited.program);
			c++;
		} else {
			text_char(&out, '%');
			c += c[1] == '%';
		}
	}
	if (add_pid) {
		text_char(&out, '.');
		text_decimal(&out, pid);
	}
	*out.at = 0;
	return out.cut ? -ENAMETOOLONG : 0;
}

/* Of what is limited, the address space or what may be locked, the program is left most. */
enum { WINDOW_LEAST = 1 << 20, WINDOW_PART = 16 };

static uint64_t window_for(uint64_t most, unsigned resource)
{
	uint64_t limit;

	if (!raw_limit(resource, &limit) || limit / WINDOW_PART >= most)
		return most;
	return limit / WINDOW_PART < WINDOW_LEAST ? WINDOW_LEAST : page_down(limit / WINDOW_PART);
}

void sink_narrow(struct sink *sink, uint64_t least, unsigned resource)
{
	uint64_t size = window_for(sink->window_size, resource), used = (sink->size > least ? sink->size : least) - sink->base;

	used = page_up(used);
	size = size > used ? size : used;
	if (!sink->open || size >= sink->window_size)
		return;
	/* The page above it moves down. NB: nothing is mapped any more. */
	if (RAW(__NR_mprotect, sink->window + size, page_size, PROT_NONE) != 0)
		return;
	RAW(__NR_munmap, sink->window + size + page_size, sink->window_size - size);
	sink->window_size = size;
}

/* Not over a network, nor in somebody's FUSE. */
static int is_plain(long fd)
{
	struct statfs s;

	return RAW(__NR_fstatfs, fd, &s) == 0 && (s.f_type == EXT4_SUPER_MAGIC || s.f_type == XFS_SUPER_MAGIC || s.f_type == TMPFS_MAGIC || s.f_type == RAMFS_MAGIC);
}

static int sink_map(struct sink *sink, long fd, int is_new, uint64_t window_size)
{
	struct stat status;
	long at = RAW(__NR_fstat, fd, &status);

	if (at < 0)
		return (int)at;
	window_size = window_for(window_size, RLIMIT_AS);
	if ((status.st_mode & TYPE) != REGULAR)
		return -EINVAL;
	/* Whatever the umask takes away: it grows by its path, which is to be our own user's to write. */
	if (is_new && (status.st_mode & OWN) != OWN)
		RAW(__NR_fchmod, fd, OWN);
	sink->device = status.st_dev;
	sink->inode = status.st_ino;
	/* A filter might kill for the question, and forbids the way for which it matters. */
	sink->is_plain = !filtered_at_start && is_plain(fd);
	sink->start = sink->end = sink->size = (uint64_t)status.st_size;
	/* log_resume_exec looks at it; the window cannot be read (PROT_WRITE alone), not even by process_vm_readv(2). */
	if (sink->size && own_read(RAW(__NR_pread64, fd, &sink->last, 1, sink->size - 1)) != 1)
		sink->last = '\n';
	sink->base = page_down(sink->size - (sink->size > 0));
	window_size = page_up(window_size);
	/* With a page above it that nobody may touch: a stack that overflows into it dies as it would without us. */
	long place = RAW(__NR_mmap, inherited.is_forked ? memory_aside(window_size + page_size) : 0, window_size + page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (is_error(place))
		return (int)place;
	/* Who may store may read, whatever it is called; who reads all that may be read (conservative collectors, valgrind's leak check) must not, behind the file's end. */
	at = RAW(__NR_mmap, place, window_size, PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, sink->base);
	if (is_error(at)) {
		RAW(__NR_munmap, place, window_size + page_size);
		/* 9p without a cache, FUSE with direct_io: the latter says ENODEV. */
		return at == -EINVAL ? -ENODEV : (int)at;
	}
	/* A child opens its own. */
	RAW(__NR_madvise, at, window_size + page_size, MADV_DONTFORK);
	/* Where a core holds mapped files too (coredump_filter), it would be as long as the window, and is cut by RLIMIT_CORE. */
	RAW(__NR_madvise, at, window_size, MADV_DONTDUMP);
	sink->window = (char *)at;
	sink->window_size = window_size;
	return 0;
}

static int opened(struct sink *sink, long fd, int is_new, uint64_t window_size)
{
	int result = sink_map(sink, fd, is_new, window_size);

	RAW(__NR_close, fd);
	sink->open = result == 0;
	return result;
}

int sink_create(struct sink *sink, uint64_t window_size)
{
	long fd = RAW_OPEN(sink->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);

	/* valgrind 3.24, but not 3.19, complains of an empty file that is mapped: it looks for symbols in it. */
	if (fd >= 0 && inherited.has_valgrind)
		RAW(__NR_ftruncate, fd, page_size);
	int result = fd < 0 ? (int)fd : opened(sink, fd, 1, window_size);
	/* An empty one would be that of somebody who was killed. */
	if (fd >= 0 && result)
		RAW_UNLINK(sink->path);
	return result;
}

/* Who wrote a line, as each of our forms says: a number in front, or behind the first "pid"; 0: nobody of us. */
static int writer_of(const char *at)
{
	if (*at < '0' || *at > '9') {
		while (*at && !string_after(at, "pid\":") && !string_after(at, "(pid "))
			at++;
		while (*at && (*at < '0' || *at > '9'))
			at++;
	}
	return state_number(&at);
}

/* When a process began, ns since 1970, to 10 ms (proc(5), stat); 0: there is none. */
static uint64_t began(int pid)
{
	static char text[512] BULKY;
	struct text out = {text, text + sizeof text - 1, 0};
	struct __kernel_timespec boot = {0};
	uint64_t ticks = 0;
	unsigned fields = 0;

	text_string(&out, "/proc/");
	text_decimal(&out, pid);
	text_string(&out, "/stat");
	*out.at = 0;
	long fd = RAW_OPEN(text, O_RDONLY | O_CLOEXEC), size = fd < 0 ? 0 : own_read(RAW(__NR_read, fd, text, sizeof text - 1));
	if (fd >= 0)
		RAW(__NR_close, fd);
	if (size <= 0 || RAW(__NR_clock_gettime, 7 /* CLOCK_BOOTTIME */, &boot) != 0)
		return 0;
	text[size] = 0;
	const char *at = text + size;
	while (at > text && *at != ')')
		at--;
	for (; *at && fields < 20; at++)
		fields += *at == ' ';
	for (; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (uint64_t)(*at - '0');
	return clock_realtime() - ((uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec) + ticks * 10000000u;
}

/* Does who wrote this line, which is not older than that, still run? */
static int is_of_a_living(const char *line, uint64_t written)
{
	int writer = writer_of(line);
	uint64_t since = writer ? began(writer) : 0;

	return since && since <= written;
}

/* What stands in it is not an earlier run's: one of this recording's processes has written it, or one that runs and from which we come by a way that we do not see (a
 * static program, a filter), or that was started by somebody else. The first line's writer may be a thread that has ended. */
static int is_in_use(long fd)
{
	static char text[1024] BULKY; /* births are alone in their process */
	struct stat status;

	if (RAW(__NR_fstat, fd, &status) != 0 || (status.st_mode & TYPE) != REGULAR)
		return 0;
	uint64_t written = (uint64_t)status.st_mtime * 1000000000u + status.st_mtime_nsec, end = (uint64_t)status.st_size;
	if (written >= inherited.recording_time)
		return 1;
	long size = own_read(RAW(__NR_pread64, fd, text, sizeof text - 1, 0));
	text[size > 0 ? size : 0] = 0;
	if (is_of_a_living(text, written))
		return 1;
	size = own_read(RAW(__NR_pread64, fd, text, sizeof text - 1, end > sizeof text - 1 ? end - (sizeof text - 1) : 0));
	text[size > 0 ? size : 0] = 0;
	while (size > 0 && text[size - 1] == '\n')
		size--;
	while (size > 0 && text[size - 1] != '\n')
		size--;
	/* One that is longer than that does not begin here. */
	return size > 0 && is_of_a_living(text + size, written);
}

/* The file's name; again: where somebody has that name already, 1: with the number, or a time that goes behind that. */
static int name_again(char *path, const char *pattern, int pid, int add_pid, uint64_t again)
{
	int result = sink_expand(path, pattern, pid, add_pid || again);
	struct text out = {path + string_length(path), path + PATH_LIMIT - 1, 0};

	if (result || again < 2)
		return result;
	text_char(&out, '-');
	text_hex(&out, again);
	*out.at = 0;
	return out.cut ? -ENAMETOOLONG : 0;
}

/* O_NONBLOCK: a FIFO in the file's place must not hang the program before it is refused. */
static long open_with(const struct sink *sink, int how)
{
	return RAW_OPEN(sink->path, how | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, OWN);
}

enum found { FOUND_OLD, FOUND_NEW, FOUND_IN_USE };

/* A file that nobody else has: a new one, or one whose writers are over, which is emptied. */
static long claim(const struct sink *sink, enum found *found)
{
	long fd = open_with(sink, O_CREAT | O_EXCL);

	*found = FOUND_NEW;
	if (fd != -EEXIST)
		return fd;
	fd = open_with(sink, O_CREAT);
	if (fd < 0)
		return fd;
	*found = is_in_use(fd) ? FOUND_IN_USE : FOUND_OLD;
	if (*found == FOUND_OLD)
		RAW(__NR_ftruncate, fd, 0);
	return fd;
}

/* What an image before this one has made. */
static long find(const struct sink *sink, enum found *found)
{
	long fd = open_with(sink, 0);

	*found = fd == -ENOENT ? FOUND_NEW : FOUND_OLD;
	return fd == -ENOENT ? open_with(sink, O_CREAT) : fd;
}

int sink_open(struct sink *sink, const char *pattern, int pid, int add_pid, int empty, uint64_t *again, uint64_t window_size)
{
	int result = name_again(sink->path, pattern, pid, add_pid, *again);
	enum found found;

	if (result)
		return result;
	long fd = empty ? claim(sink, &found) : find(sink, &found);
	/* Or another user's: of an image before this one, which has given up rights. */
	while ((found == FOUND_IN_USE || (fd == -EACCES && (add_pid || !empty))) && *again < 2) {
		if (fd >= 0)
			RAW(__NR_close, fd);
		*again = *again || add_pid ? clock_monotonic() | 2 : 1;
		result = name_again(sink->path, pattern, pid, add_pid, *again);
		if (result)
			return result;
		fd = claim(sink, &found);
	}
	return fd < 0 ? (int)fd : opened(sink, fd, found == FOUND_NEW, window_size);
}
