/* The file of a program that a process runs, as include/sysshim/record.h has it. Nobody but us writes it, so there is nothing to be filled in turn:
 * chunks are written where a full one stays, and the places of those that are being filled are left empty. Every record is in the file before
 * the program goes on. What finds no place is counted, and the program is never kept from running. */
#include "tracer.h"
#include "../format/total.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
	int folder, pid;
	uint64_t epoch;
	struct record_total *total; /* or NULL */
} recording;

static uint64_t clock_of(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t clock_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/* Somebody has cut `total`: nobody is to be ended for that. */
static void put_zeros(int signal, siginfo_t *about, void *context)
{
	char *page = (char *)((uintptr_t)about->si_addr & ~(uintptr_t)4095);

	(void)signal;
	(void)context;
	if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		_exit(1);
}

static void total_open(void)
{
	struct stat status;
	int fd = openat(recording.folder, "total", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	void *at = MAP_FAILED;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == geteuid() &&
	    (status.st_size >= 4096 || ftruncate(fd, 4096) == 0))
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	recording.total = at == MAP_FAILED ? NULL : at;
}

int image_start(const char *folder, int recording_pid)
{
	sigset_t fault;

	recording.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recording.folder < 0)
		return -errno;
	recording.pid = recording_pid;
	recording.epoch = clock_of(CLOCK_REALTIME) - clock_now();
	sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO}, NULL);
	sigemptyset(&fault);
	sigaddset(&fault, SIGBUS);
	sigprocmask(SIG_UNBLOCK, &fault, NULL);
	total_open();
	return recording.folder;
}

static void header_write(const struct image *image)
{
	/* NB: not pwrite, whose attributes make gcc take the header for its first member. */
	struct iovec whole = {(void *)&image->header, sizeof image->header};

	/* NB: what cannot be written now may be written later; a file without a head is one of a program that was killed at once. */
	if (image->file >= 0 && pwritev(image->file, &whole, 1, 0) < 0)
		return;
}

static void describe(struct image *image, int parent, int later_image, const struct image *forked_from)
{
	struct record_header *h = &image->header;

	memcpy(h->magic, RECORD_MAGIC, sizeof h->magic);
	h->version = RECORD_VERSION;
	h->data = RECORD_DATA;
	h->chunk = RECORD_CHUNK;
	h->staging = RECORD_STAGING;
	h->machine = EM_X86_64;
	h->epoch = recording.epoch;
	h->began = clock_now() + recording.epoch;
	h->pid = image->pid;
	h->parent = parent;
	h->recording_pid = recording.pid;
	h->later_image = (uint32_t)later_image;
	h->rewriting = RECORD_BY_PTRACE;
	memcpy(h->trace, calls_wanted, sizeof h->trace);
	proc_directory(image->pid, h->directory, sizeof h->directory);
	if (forked_from) {
		memcpy(h->program, forked_from->header.program, sizeof h->program);
		memcpy(h->arguments, forked_from->header.arguments, sizeof h->arguments);
		h->arguments_size = forked_from->header.arguments_size;
	} else {
		proc_program(image->pid, h->program, sizeof h->program);
		h->arguments_size = (uint32_t)proc_arguments(image->pid, h->arguments, sizeof h->arguments);
	}
}

struct image *image_new(int pid, int parent, int later_image, const struct image *forked_from)
{
	struct image *image = calloc(1, sizeof *image);
	char name[64];

	if (!image)
		return NULL;
	image->pid = pid;
	image->file = -1;
	describe(image, parent, later_image, forked_from);
	snprintf(name, sizeof name, "%d-%#llx.rec", pid, (unsigned long long)clock_now());
	if (total_takes_file(recording.total, RECORD_TOTAL_PROCESSES))
		image->file = openat(recording.folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	header_write(image);
	return image;
}

static off_t place(const struct image *image)
{
	return RECORD_DATA + (off_t)(RECORD_STAGING + (image->sequence - 1) % RECORD_KEPT) * RECORD_CHUNK;
}

/* 0: there is no place for another. */
static int next_chunk(struct image *image)
{
	static const char zeros[RECORD_CHUNK - sizeof(struct record_chunk)];
	struct record_chunk head = {image->sequence + 1};

	if (image->sequence && image->sequence < RECORD_KEPT && !total_takes_chunk(recording.total, RECORD_TOTAL_BYTES))
		return 0;
	image->sequence++;
	/* NB order: a chunk that is used again has no old records behind the new number. */
	if ((image->sequence > RECORD_KEPT && pwrite(image->file, zeros, sizeof zeros, place(image) + (off_t)sizeof head) != (ssize_t)sizeof zeros) ||
	    pwrite(image->file, &head, sizeof head, place(image)) != (ssize_t)sizeof head) {
		image->sequence--;
		return 0;
	}
	image->header.overwritten += image->sequence > RECORD_KEPT ? RECORD_CHUNK : 0;
	image->used = sizeof head;
	return 1;
}

/* NB order: the first word is stored last, a reader may look at any time. */
void image_record(struct image *image, struct record_word *record, size_t size, unsigned kind, unsigned flags)
{
	const size_t word = sizeof(uint64_t);

	*record = (struct record_word){(uint16_t)(size / 8), (uint8_t)kind, (uint8_t)flags};
	if (image->file >= 0 && size <= RECORD_CHUNK - sizeof(struct record_chunk) &&
	    ((image->sequence && image->used + size <= RECORD_CHUNK) || next_chunk(image))) {
		off_t at = place(image) + image->used;
		if (pwrite(image->file, (char *)record + word, size - word, at + (off_t)word) == (ssize_t)(size - word) &&
		    pwrite(image->file, record, word, at) == (ssize_t)word) {
			image->used += (uint32_t)size;
			return;
		}
	}
	image->header.dropped++;
}

void image_note(struct image *image, int thread, const char *text)
{
	struct record_note note = {.thread = thread, .at = clock_now()};

	snprintf(note.text, sizeof note.text, "%s", text);
	image_record(image, &note.word, sizeof note, RECORD_NOTE, 0);
}

static void put_counters(struct image *image)
{
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		const struct image_count *c = &image->counts[number];
		struct record_counter counter = {.number = number, .calls = c->calls, .errors = c->errors, .nanoseconds = c->nanoseconds};
		if (c->calls)
			image_record(image, &counter.word, sizeof counter, RECORD_COUNTER, 0);
	}
}

void image_end(struct image *image, enum record_end end, int status)
{
	if (image->ended)
		return;
	put_counters(image);
	image->ended = 1;
	image->header.end = end;
	image->header.status = status;
	image->header.ended = clock_now() + recording.epoch;
	header_write(image);
}

void image_release(struct image *image)
{
	if (!image || --image->tasks)
		return;
	if (image->file >= 0)
		close(image->file);
	free(image);
}
