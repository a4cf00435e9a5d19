/* Processes that run; see tasks.h. */
#include "tasks.h"
#include "ahead.h"
#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SHOWN_BYTES = 32 /* of each buffer */ };

/* The beginning of a small file of /proc, with a NUL; 0: it cannot be read. */
static size_t read_small(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	to[got > 0 ? got : 0] = 0;
	return got > 0 ? (size_t)got : 0;
}

/* Of /proc/PID/stat; the name in it may hold blanks and brackets. */
struct stat_line {
	char name[32], state;
	uint64_t cpu, started; /* in ticks of the clock, the latter since the boot */
	long threads;
};

static int read_stat(const char *path, struct stat_line *s)
{
	char text[1024];

	if (!read_small(path, text, sizeof text))
		return 0;
	char *name = strchr(text, '('), *end = strrchr(text, ')');
	uint64_t user, kernel;
	if (!name || !end || sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %ld %*d %" SCNu64, &s->state, &user,
				    &kernel, &s->threads, &s->started) != 5)
		return 0;
	*end = 0;
	snprintf(s->name, sizeof s->name, "%s", name + 1);
	s->cpu = user + kernel;
	return 1;
}

static uint64_t tick(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return ticks > 0 ? SECOND / (uint64_t)ticks : SECOND / 100;
}

/* `0 0x3 0x7ffe 0x10 ...`, `-1 SP PC`, `running`: Documentation/filesystems/proc.rst has it as /proc/PID/syscall. */
static void read_call(struct task *t)
{
	char path[64], text[256], *at;
	long number;

	snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", t->pid, t->tid);
	t->place = TASK_SILENT;
	if (!read_small(path, text, sizeof text))
		return;
	number = strtol(text, &at, 10);
	t->place = at == text || number < 0 ? TASK_OUTSIDE : TASK_IN_CALL;
	t->call.number = (uint64_t)number;
	for (unsigned i = 0; i < 6; i++)
		t->call.arguments[i] = strtoull(at, &at, 16);
}

int task_read(struct task *t, int pid, int tid)
{
	struct stat_line s;
	char path[64];

	*t = (struct task){.pid = pid, .tid = tid};
	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
	if (!read_stat(path, &s))
		return 0;
	t->state = s.state;
	t->cpu = s.cpu * tick();
	memcpy(t->name, s.name, sizeof t->name);
	read_call(t);
	return 1;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

size_t tasks_of(int pid, int **tids)
{
	size_t count = 0, room = 0;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *folder = opendir(path);
	*tids = NULL;
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.') {
			*tids = grown(*tids, count, &room, sizeof **tids);
			(*tids)[count++] = atoi(entry->d_name);
		}
	if (folder)
		closedir(folder);
	if (count)
		qsort(*tids, count, sizeof **tids, by_number);
	return count;
}

/* By the clock that nobody sets, which its records have. */
static uint64_t monotonic_start(const struct record_header *h)
{
	return h->began - h->epoch;
}

uint64_t tasks_began(const struct recording *r)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < r->sources_count; i++)
		if (monotonic_start(r->sources[i].header) < first)
			first = monotonic_start(r->sources[i].header);
	return first != UINT64_MAX && first > SECOND && is_numbered_as_we_are(r) ? first - SECOND : 0;
}

/* Is that one there which has run it? */
static int process_runs(const struct record_header *h, uint64_t since)
{
	uint64_t slept = clock_now(CLOCK_BOOTTIME) - clock_now(CLOCK_MONOTONIC);
	struct stat_line s;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/stat", h->pid);
	if (kill(h->pid, 0) != 0 && errno != EPERM)
		return 0;
	/* Without /proc nobody can say more. */
	if (!read_stat(path, &s))
		return 1;
	/* The first thread may have ended, and others go on. */
	if ((s.state == 'Z' || s.state == 'X') && s.threads < 2)
		return 0;
	/* One that has begun later has the number of one that has gone; one from before the recording, that of one in a pid namespace of its own. */
	return s.started * tick() <= monotonic_start(h) + slept + SECOND && (h->pid == h->recording_pid || s.started * tick() >= since);
}

int image_runs(const struct recording *r, unsigned source, uint64_t since)
{
	const struct record_header *h = r->sources[source].header;
	/* After an exec a program that has no file yet, or never will, goes on. */
	int is_over = h->end != RECORD_RUNNING && (h->end != RECORD_EXECED || image_comes(r, h->pid, 1, r->sources[source].began, source));

	return !is_over && process_runs(h, since);
}

uint64_t recorded_now(const struct recording *r)
{
	return r->sources_count ? clock_now(CLOCK_MONOTONIC) + r->sources[0].epoch : clock_now(CLOCK_REALTIME);
}

int is_numbered_as_we_are(const struct recording *r)
{
	char boot[RECORD_BOOT_ID + 1];
	struct record_total total;
	struct stat status;

	recording_total(r->path, &total);
	if (!total.place || stat("/proc/self/ns/pid", &status) != 0)
		return 1;
	return total.place == record_place_sum(read_small("/proc/sys/kernel/random/boot_id", boot, sizeof boot) == RECORD_BOOT_ID ? boot : NULL, status.st_ino);
}

/* Whose call is printed. */
static const struct task *shown;

static void put_descriptor(const struct text_memory *memory, struct text *out, int fd, int is_result)
{
	char path[64], leads_to[4200];
	ssize_t length;

	(void)memory;
	if (fd == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/task/%d/cwd", shown->pid, shown->tid);
	else
		snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", shown->pid, shown->tid, fd);
	if (is_result || (length = readlink(path, leads_to, sizeof leads_to)) <= 0)
		return;
	text_char(out, '<');
	text_escaped(out, leads_to, (size_t)length);
	text_char(out, '>');
}

/* process_vm_readv(2): neither stops the program nor touches what it has not touched. The process's number has no memory when its first thread has ended. */
static long read_live(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)(uintptr_t)from, size};
	ssize_t got = process_vm_readv(shown->tid, &here, 1, &there, 1, 0);

	(void)self;
	return got < 0 ? -errno : got;
}

void task_call_text(struct text *out, const struct task *t, const struct source *s, const struct record_call *record)
{
	struct recorded_memory memory = {.memory = {.read = read_live, .data = SHOWN_BYTES}};
	struct text_call call = t->call;

	if (record)
		recorded_call(s, &record->word, &call, &memory);
	shown = t;
	memory.memory.spare = TEXT_SPARE;
	memory.memory.descriptor = put_descriptor;
	text_call_enter(out, &call, &memory.memory);
}
