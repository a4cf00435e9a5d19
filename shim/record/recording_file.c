/* The file of a recording: its name, its head, what is written there at the end. */
#include "recording.h"
#include "process.h"
#include "recordings.h"
#include "room.h"
#include "shards.h"
#include "../../format/machine.h"
#include "../../format/total.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "../sys/poison.h"

enum { PAGE = 4096, OWN = 0600 };

static const char *line_after(const char *text)
{
	while (*text && *text != '\n')
		text++;
	return *text ? text + 1 : NULL;
}

static void describe(struct process *p, struct record_header *h)
{
	long got = RAW(__NR_getcwd, h->directory, sizeof h->directory);

	if (is_error(got) || h->directory[0] != '/')
		h->directory[0] = 0;
	memcpy(h->arguments, inherited.arguments, inherited.arguments_size);
	h->arguments_size = inherited.arguments_size;
	memcpy(h->environment, inherited.environment, inherited.environment_size);
	h->environment_size = inherited.environment_size;
	_Static_assert(sizeof h->program == sizeof inherited.program && sizeof h->trace == sizeof settings.asked, "copied whole");
	memcpy(h->program, inherited.program, sizeof h->program);
	memcpy(h->trace, settings.asked, sizeof h->trace);
	h->pid = p->pid;
	h->parent = (int32_t)RAW(__NR_getppid);
	h->recording_pid = inherited.recording_pid;
	h->later_image = inherited.later_image;
	h->family = inherited.family ? inherited.family->number : 0;
	h->without_libc = inherited.has_go ? RECORD_HAS_GO : 0;
	h->data_limit = settings.data;
}

/* The page that all processes of the recording share. Without it there is no common limit, only each file's. */
static int total_open(struct sink *sink)
{
	/* Growing past it would raise SIGXFSZ. */
	sink_limit(sink);
	if (sink->limit < PAGE)
		return 0;
	long fd = RAW_OPEN(sink->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, OWN), at = -EINVAL;
	struct stat status;

	if (fd < 0)
		return (int)fd;
	/* Another name of some other file is not to be written into; whose file it is can cut it, and storing there would end the program. A new one is ours whatever the umask takes away. */
	if (RAW(__NR_fstat, fd, &status) == 0 && (status.st_mode & S_IFMT) == S_IFREG && status.st_nlink == 1 && status.st_uid == RAW(__NR_geteuid) &&
	    (status.st_size >= PAGE || (RAW(__NR_ftruncate, fd, PAGE) == 0 && ((status.st_mode & OWN) == OWN || RAW(__NR_fchmod, fd, OWN) == 0))))
		at = RAW(__NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	RAW(__NR_close, fd);
	/* A page that cannot be stored into is not kept. */
	if (!is_error(at) && room_copy((char *)at + sizeof(struct record_total), "", 1))
		inherited.total = (struct record_total *)at;
	else if (!is_error(at))
		RAW(__NR_munmap, at, PAGE);
	return 0;
}

/* In sink->path the folder ends at `end`. It is made where it is not there. */
static int total_in_folder(struct sink *sink, char *end)
{
	memcpy(end, "/total", sizeof "/total");
	int result = total_open(sink);
	if (result == -ENOENT) {
		*end = 0;
		result = folder_make(sink->path);
		*end = '/';
		if (!result || result == -EEXIST)
			result = total_open(sink);
	}
	return result;
}

/* One more among the recording's files? The first says where its processes are numbered. */
static int takes_file(const struct process *p)
{
	struct record_total *total = inherited.total;
	uint32_t most = p->log.recording.most_files, now;

	if (total && !total->processes) {
		uint64_t place = recordings_place();
		room_copy(&total->place, &place, sizeof place);
	}
	if (!total || !p->log.recording.is_copied)
		return total_takes_file(total, most);
	/* Nearly right: another process may do the same just then. */
	uint32_t *count = total->processes < most ? &total->processes : &total->refused;
	now = *count + 1;
	room_copy(count, &now, sizeof now);
	return count == &total->processes;
}

/* Names are new ones: a process number comes again, and one process runs many programs, but not in one nanosecond. */
static int create(struct process *p)
{
	struct sink *sink = &p->log.sink;
	int result = sink_expand(sink->path, settings_log_path, inherited.recording_pid, 0);
	char *end = sink->path + string_length(sink->path);
	struct text out = {end, sink->path + PATH_LIMIT - 1, 0};

	if (result || end + sizeof "/total" > sink->path + PATH_LIMIT)
		return -ENAMETOOLONG;
	result = inherited.total ? 0 : total_in_folder(sink, end);
	if (result)
		return result;
	room_look(p, sink->path);
	if (!takes_file(p))
		return -EDQUOT;
	text_char(&out, '/');
	text_decimal(&out, p->pid);
	text_char(&out, '-');
	text_hex(&out, clock_monotonic());
	text_string(&out, ".rec");
	*out.at = 0;
	return out.cut ? -ENAMETOOLONG : sink_create(sink, room_window());
}

/* This thread's alone: the whole process's has those of children that it has waited for in it (kernel/exit.c, wait_task_zombie), and of threads
 * that have ended. Not through `process`: a birth is under way. */
static int kernel_counts(struct process *p, uint64_t *reads, uint64_t *writes)
{
	char *text = p->log.buffer;
	uint64_t mask;
	int found = 0;

	/* NB order: signals are blocked before there is a descriptor. */
	if (!process_lock(p, &p->log.lock, &mask))
		return 0;
	long fd = RAW_OPEN("/proc/thread-self/io", O_RDONLY | O_CLOEXEC), size = fd < 0 ? 0 : RAW(__NR_read, fd, text, 512);
	if (fd >= 0)
		RAW(__NR_close, fd);
	text[size > 0 ? size : 0] = 0;
	/* It does not count itself. */
	counter_add(&p->tally.own_reads, fd >= 0, 1);
	*reads = *writes = 0;
	for (const char *line = text; line; line = line_after(line)) {
		const char *value = string_after(line, "syscr: ");
		uint64_t *to = reads;
		if (!value) {
			value = string_after(line, "syscw: ");
			to = writes;
		}
		for (; value && *value >= '0' && *value <= '9'; value++)
			*to = *to * 10 + (uint64_t)(*value - '0');
		found += value != NULL;
	}
	lock_release(&p->log.lock, &mask);
	return found == 2;
}

int recording_open(struct process *p, uint64_t epoch)
{
	room_forked();
	int result = create(p);
	if (result)
		return result;
	result = room_open(p);
	if (result)
		return result;
	struct record_header *h = room_place(p, 0);
	h->version = RECORD_VERSION;
	h->data = RECORD_DATA;
	h->chunk = RECORD_CHUNK;
	h->staging = RECORD_STAGING;
	h->machine = MACHINE_ELF;
	h->epoch = epoch;
	h->began = clock_monotonic() + epoch;
	describe(p, h);
	/* A forked child begins with none (kernel/fork.c, task_io_accounting_init), and all that it makes is counted. */
	p->log.recording.kernel_counted = p == process || kernel_counts(p, &p->log.recording.kernel_reads, &p->log.recording.kernel_writes);
	memcpy(h->magic, RECORD_MAGIC, sizeof h->magic);
	room_copy_all(p);
	return 0;
}

void recording_left_out(struct process *p)
{
	struct record_header *h = room_place(p, 0);

	__atomic_store_n(&h->left_out, p->tally.left_out, __ATOMIC_RELAXED);
}

static void put_counter(struct process *p, unsigned number)
{
	struct record_counter *record = room_take(p, sizeof *record);
	const struct counter *c = &p->counters[number];

	if (!record)
		return;
	record->number = number;
	record->calls = c->calls;
	record->errors = c->errors;
	record->bytes = c->bytes;
	record->nanoseconds = c->nanoseconds;
	room_commit(p, record, sizeof *record, RECORD_COUNTER, 0);
}

/* The calls that the kernel counts as syscr and syscw (fs/read_write.c); copy_file_range at a file's end, and most that fail, it does not. */
static void own_counts(const struct process *p, uint64_t *reads, uint64_t *writes)
{
	static const uint16_t reading[] = {__NR_read, __NR_pread64, __NR_readv, __NR_preadv, __NR_preadv2, __NR_sendfile, __NR_copy_file_range};
	static const uint16_t writing[] = {__NR_write, __NR_pwrite64, __NR_writev, __NR_pwritev, __NR_pwritev2, __NR_sendfile, __NR_copy_file_range};

	*reads = -p->tally.copied_nothing;
	*writes = p->batches.entries - p->batches.writes - p->tally.copied_nothing;
	for (unsigned i = 0; i < sizeof reading / sizeof reading[0]; i++) {
		*reads += p->counters[reading[i]].calls;
		*writes += p->counters[writing[i]].calls;
	}
}

/* has_failed: an exec since it was compared last. Of the file the kernel has read before it refused, which it counts among the process's own reads. */
static void compare_with_kernel(struct process *p, struct record_header *h, int has_failed)
{
	struct recording *r = &p->log.recording;
	uint64_t reads, writes, before = h->kernel_reads - h->counted_reads;

	has_failed &= h->kernel_counted;
	h->kernel_counted = 0;
	if (p->sealed || p->threads || !r->kernel_counted)
		return;
	uint64_t own_reads = p->tally.own_reads, own_writes = p->tally.own_writes;
	h->kernel_counted = (uint32_t)kernel_counts(p, &reads, &writes);
	h->kernel_reads = reads - r->kernel_reads - own_reads;
	h->kernel_writes = writes - r->kernel_writes - own_writes;
	own_counts(p, &h->counted_reads, &h->counted_writes);
	if (has_failed) {
		counter_add(&p->tally.own_reads, h->kernel_reads - h->counted_reads - before, 1);
		h->kernel_reads = h->counted_reads + before;
	}
}

void recording_counters(struct process *p)
{
	shards_gather(p);
	for (unsigned i = 0; i < RECORD_CALLS; i++)
		if (p->counters[i].calls)
			put_counter(p, i);
}

static int is_last(unsigned end)
{
	return end == RECORD_EXITED || end == RECORD_SIGNALLED;
}

static __attribute__((noinline)) void put_state(struct process *p, unsigned end, int status)
{
	struct record_header *h = room_place(p, 0);
	const struct batches *b = &p->batches;

	h->sites_rewritten = inherited.sites_rewritten;
	h->sites_left = inherited.sites_left;
	h->foreign_rewritten = inherited.foreign_rewritten;
	h->foreign_left = inherited.foreign_left;
	h->rewriting = !inherited.rewriting ? 0 : settings_rewrite_most() ? RECORD_REWRITTEN_MOST : RECORD_REWRITTEN;
	struct text why = {h->why_not, h->why_not + sizeof h->why_not - 1, 0};
	text_string(&why, inherited.why_not ? inherited.why_not : "");
	*why.at = 0;
	if (inherited.family) {
		h->family = inherited.family->number;
		h->forks = inherited.family->forks;
		h->images = inherited.family->images;
		h->unrecorded = inherited.family->unrecorded;
		for (unsigned i = 0; i < 3; i++)
			h->not_followed[i] = inherited.family->not_followed[i];
	}
	if (inherited.threads_unseen && p->threads & THREADS_MORE)
		h->without_libc |= RECORD_THREADS_UNSEEN;
	compare_with_kernel(p, h, end == RECORD_RUNNING && h->end == RECORD_EXECED);
	h->results_unseen = p->tally.unresolved;
	h->batches = b->count;
	h->coalesced = b->writes;
	h->coalesced_bytes = b->bytes;
	h->kernel_entries = b->entries;
	h->lost_bytes = b->lost;
	h->status = status;
	uint64_t now = end == RECORD_RUNNING ? 0 : clock_monotonic();
	h->ended = now ? now + h->epoch : 0;
	__atomic_store_n(&h->end, end, __ATOMIC_RELEASE);
	room_copy_all(p);
}

/* NB: a thread whose exec is failing while another one ends the process is still to say that it runs: who ends has the last word. */
void recording_state(struct process *p, unsigned end, int status)
{
	uint64_t mask;

	/* Behind a filter nobody asks whether what is to be executed is there: of ten attempts nine fail. */
	if (end != RECORD_RUNNING && !(p->sealed && end == RECORD_EXECED))
		recording_counters(p);
	int alone = process_is_alone(p), locked = !alone && process_lock(p, &p->end_lock, &mask);
	if (alone || is_last(end) || (locked && !is_last(((struct record_header *)room_place(p, 0))->end)))
		put_state(p, end, status);
	if (locked)
		lock_release(&p->end_lock, &mask);
}
