/* Recordings: found, opened, checked, put in order. */
#include "recording.h"
#include "ahead.h"
#include "clock.h"
#include "command.h"
#include "print.h"
#include "../format/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A recording whose first process has made its file, and written nothing yet, is waited for. */
enum { BIRTH_SECONDS = 3, BIRTH_LOOKS = 20 /* a second */ };

/* Nothing is ever written behind this; a hole of terabytes there would be looked through for days. */
enum { MOST_BYTES = RECORD_DATA + (RECORD_STAGING + RECORD_KEPT) * RECORD_CHUNK };

static void *or_end(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "sysshim: no memory for this recording\n");
	exit(EXIT_OURS);
}

void *resized(void *array, size_t size)
{
	return or_end(realloc(array, size));
}

void *zeroed(size_t size)
{
	return or_end(calloc(1, size));
}

char *copied(const char *text)
{
	return or_end(strdup(text));
}

void *grown(void *array, size_t count, size_t *room, size_t each)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return resized(array, *room * each);
}

/* A file may be cut while we look at it, or its disk may fail: what is gone reads as zeros, which is where a chunk ends. */
static void put_zeros(int signal, siginfo_t *about, void *context)
{
	char *page = (char *)((uintptr_t)about->si_addr & ~(uintptr_t)4095);

	(void)signal;
	(void)context;
	if (mmap(page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		_exit(EXIT_OURS);
}

static const char *what_is_wrong(const struct source *s)
{
	const struct record_header *h = s->header;

	if (memcmp(s->bytes, RECORD_MAGIC, s->size < sizeof h->magic ? s->size : sizeof h->magic) != 0)
		return "not a recording";
	if (s->size < sizeof *h)
		return "cut within its head: nothing of it can be read";
	if (h->version != RECORD_VERSION)
		return "a recording of another version of sysshim (this one reads version 1)";
	if (h->machine != MACHINE_ELF)
		return "a recording of another processor's system calls";
	if (h->data != RECORD_DATA || h->chunk != RECORD_CHUNK || h->staging != RECORD_STAGING)
		return "not a recording that this version could have made";
	return NULL;
}

static int is_unborn(const struct source *s)
{
	static const char zeros[sizeof s->header->magic];

	return !s->size || (s->size >= sizeof zeros && memcmp(s->bytes, zeros, sizeof zeros) == 0);
}

/* Who hands a recording over has named its files. */
static void tell_of(const struct recording *r, const char *path, const char *what)
{
	print_complaint("sysshim %s: %s: %s", r->command, path, what);
}

static int source_open(struct recording *r, struct source *s, const char *path, int in_folder)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *wrong = NULL;

	*s = (struct source){0};
	if (fd < 0 || fstat(fd, &status) != 0) {
		wrong = strerror(errno);
	} else if (!S_ISREG(status.st_mode)) {
		wrong = "not a regular file";
	} else if (status.st_size > 0) {
		s->size = status.st_size < MOST_BYTES ? (size_t)status.st_size : MOST_BYTES;
		void *at = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at == MAP_FAILED)
			wrong = strerror(errno);
		s->bytes = at == MAP_FAILED ? NULL : at;
		s->header = (const void *)s->bytes;
	}
	if (fd >= 0)
		close(fd);
	int unborn = !wrong && in_folder && is_unborn(s);
	if (!wrong)
		wrong = s->bytes ? what_is_wrong(s) : "empty";
	if (!wrong) {
		s->path = strdup(path);
		return 1;
	}
	if (unborn) {
		r->unborn++;
	} else {
		if (!r->quiet)
			tell_of(r, path, wrong);
		r->problems++;
	}
	if (s->bytes)
		munmap((void *)s->bytes, s->size);
	return 0;
}

static void add_source(struct recording *r, const char *path, int in_folder, size_t *room)
{
	r->sources = grown(r->sources, r->sources_count, room, sizeof *r->sources);
	r->sources_count += (unsigned)source_open(r, &r->sources[r->sources_count], path, in_folder);
}

int is_record_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && !strcmp(entry->d_name + length - 4, ".rec");
}

void recording_total(const char *folder, struct record_total *total)
{
	char path[PATH_MAX];
	int fd = snprintf(path, sizeof path, "%s/total", folder) < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	if (fd < 0 || read(fd, total, sizeof *total) != (ssize_t)sizeof *total)
		*total = (struct record_total){0};
	if (fd >= 0)
		close(fd);
}

static int is_near(uint64_t a, uint64_t b)
{
	return a - b + 1000000000 < 2000000000;
}

const struct record_header *recording_first(const struct recording *r)
{
	const struct record_header *first = r->sources[0].header;

	for (unsigned i = 1; i < r->sources_count; i++)
		if (r->sources[i].header->began < first->began)
			first = r->sources[i].header;
	return first;
}

/* Every process has looked at both clocks for itself, and may have been interrupted in between. That of the first process serves all, but for
 * those that differ by more than a second: with another monotonic clock (time_namespaces(7)). */
static void correct_times(struct recording *r)
{
	const struct record_header *first = r->sources_count ? recording_first(r) : NULL;

	for (unsigned i = 0; i < r->sources_count; i++) {
		struct source *s = &r->sources[i];
		s->epoch = is_near(s->header->epoch, first->epoch) ? first->epoch : s->header->epoch;
		s->began = s->header->began - s->header->epoch + s->epoch;
	}
}

static void read_files(struct recording *r, int is_folder)
{
	char file[PATH_MAX + 300];
	struct record_total total;
	struct dirent **names;
	size_t room = 0;

	if (!is_folder) {
		add_source(r, r->path, 0, &room);
		return;
	}
	int count = scandir(r->path, &names, is_record_name, alphasort), error = errno;
	recording_total(r->path, &total);
	r->refused = total.refused;
	for (int i = 0; i < count; free(names[i++]))
		if (snprintf(file, sizeof file, "%s/%s", r->path, names[i]->d_name) < (int)sizeof file)
			add_source(r, file, 1, &room);
	if (count >= 0)
		free(names);
	if (count <= 0 && !r->quiet)
		tell_of(r, r->path, count ? strerror(error) : "no recording in this folder");
}

static void read_all(struct recording *r, int is_folder)
{
	r->listed = clock_now(CLOCK_MONOTONIC);
	read_files(r, is_folder);
	correct_times(r);
	r->images = images_of(r);
}

void recording_tell_damage(struct recording *r)
{
	char what[128];

	for (unsigned i = 0; i < r->sources_count && !r->damage_told; i++) {
		struct source *s = &r->sources[i];
		if (!s->broken)
			continue;
		snprintf(what, sizeof what, "%" PRIu64 " bytes are damaged, %" PRIu64 " records before and behind them were read", s->broken, s->records);
		tell_of(r, s->path, what);
		r->problems++;
	}
	r->damage_told = 1;
}

static void free_read(struct recording *r)
{
	recording_close(r);
	for (unsigned i = 0; i < r->sources_count; i++) {
		munmap((void *)r->sources[i].bytes, r->sources[i].size);
		free(r->sources[i].path);
		ahead_free(r->sources[i].ahead);
	}
	free(r->images);
	free(r->sources);
}

static void recording_free(struct recording *r)
{
	free_read(r);
	free(r->found);
	*r = (struct recording){0};
}

/* Was anything made there in the last seconds? */
static int is_young(const char *path, struct stat *status)
{
	struct timespec now;

	return stat(path, status) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - status->st_mtim.tv_sec <= BIRTH_SECONDS;
}

static void await(const struct recording *r)
{
	struct stat status;
	int is_there = 0;

	for (int i = 0; !is_there && i < BIRTH_SECONDS * BIRTH_LOOKS && is_young(r->path, &status); i++) {
		struct recording look = {.command = r->command, .path = r->path, .quiet = 1};
		read_all(&look, S_ISDIR(status.st_mode));
		is_there = look.sources_count > 0;
		free_read(&look);
		if (!is_there)
			nanosleep(&(struct timespec){.tv_nsec = 1000000000 / BIRTH_LOOKS}, NULL);
	}
}

/* r: command and path are set. */
static int read_at(struct recording *r, int awaits)
{
	struct stat status;

	sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO}, NULL);
	if (awaits)
		await(r);
	if (stat(r->path, &status) != 0) {
		/* strace and perf take a program's name here. */
		char program[PATH_MAX];
		int error = errno, is_program = error == ENOENT && *r->path && !strchr(r->path, '/') && program_find(r->path, program, sizeof program);
		tell_of(r, r->path, is_program ? "no such recording; of the program of this name `sysshim run` makes one" : strerror(error));
		return 0;
	}
	read_all(r, S_ISDIR(status.st_mode));
	if (r->sources_count)
		return 1;
	if (r->unborn) {
		char what[128];
		snprintf(what, sizeof what, "%u program%s killed before the first record, or found no room for it: nothing is there", r->unborn, r->unborn == 1 ? " was" : "s were");
		tell_of(r, r->path, what);
	}
	recording_free(r);
	return 0;
}

static int read_named(struct recording *r, int argc, char **argv, int awaits)
{
	const char *path = argv[optind], *command = argv[0];

	*r = (struct recording){.command = command};
	if (argc - optind > 1) {
		print_complaint("sysshim %s: one recording at a time, not also '%s'", command, argv[optind + 1]);
		return 0;
	}
	if (!path) {
		path = r->found = recording_newest(0);
		if (!path) {
			print_complaint("sysshim %s: there is no recording yet; make one with: sysshim run -- PROGRAM", command);
			return 0;
		}
	}
	r->path = path;
	return read_at(r, awaits);
}

int recording_read_at(struct recording *r, const char *command, const char *path)
{
	*r = (struct recording){.command = command, .path = path};
	return read_at(r, 0);
}

int recording_read(struct recording *r, int argc, char **argv)
{
	return read_named(r, argc, argv, 0);
}

int recording_read_live(struct recording *r, int argc, char **argv)
{
	return read_named(r, argc, argv, 1);
}

void recording_again(struct recording *r)
{
	struct recording next = {.command = r->command, .path = r->path, .found = r->found, .quiet = 1};
	struct stat status;

	free_read(r);
	*r = next;
	read_all(r, stat(r->path, &status) == 0 && S_ISDIR(status.st_mode));
}

int recording_end(struct recording *r, FILE *to)
{
	recording_tell_damage(r);
	int status = r->problems ? EXIT_FOUND : EXIT_FINE;

	if (fflush(to) != 0 || ferror(to)) {
		print_complaint("sysshim %s: writing failed: %s", r->command, strerror(errno));
		status = EXIT_OURS;
	}
	recording_free(r);
	return status;
}
