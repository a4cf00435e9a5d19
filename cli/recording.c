/* Recordings: found, opened, checked, put in order. */
#include "recording.h"
#include "command.h"

#include <asm/unistd.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *resized(void *array, size_t size)
{
	array = realloc(array, size);
	if (!array) {
		fprintf(stderr, "sysshim: no memory for this recording\n");
		exit(EXIT_OURS);
	}
	return array;
}

static void *grown(void *array, size_t count, size_t *room, size_t each)
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

	if (s->size < sizeof *h || memcmp(h->magic, RECORD_MAGIC, sizeof h->magic) != 0)
		return "not a recording";
	if (h->version != RECORD_VERSION)
		return "a recording of another version of sysshim (this one reads version 1)";
	if (h->machine != EM_X86_64)
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
		s->size = (size_t)status.st_size;
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
			fprintf(stderr, "sysshim %s: %s: %s\n", r->command, path, wrong);
		r->problems++;
	}
	if (s->bytes)
		munmap((void *)s->bytes, s->size);
	return 0;
}

static size_t least_size(unsigned kind)
{
	switch (kind) {
	case RECORD_CALL:
	case RECORD_BEGIN:
		return sizeof(struct record_call);
	case RECORD_COALESCED:
		return sizeof(struct record_coalesced);
	case RECORD_BATCH:
		return sizeof(struct record_batch);
	case RECORD_SIGNAL:
		return sizeof(struct record_signal);
	case RECORD_NOTE:
		return sizeof(struct record_note);
	case RECORD_COUNTER:
		return sizeof(struct record_counter);
	default:
		return 8;
	}
}

static int call_is_sound(const struct record_call *call, size_t size)
{
	size_t head = sizeof *call + call->arguments_count * sizeof(uint64_t);

	return call->arguments_count <= 7 && call->number < RECORD_CALLS && head <= size &&
	       (call->number != RECORD_CALLS - 1 || call->arguments_count) && (call->word.flags & RECORD_MEMORY || head == size);
}

/* When it happened, in the writer's own clock; 0: it read none. */
static uint64_t time_of(const struct record_word *word)
{
	const struct record_call *call = (const void *)word;

	switch (word->kind) {
	case RECORD_CALL:
		return call->began + call->duration;
	case RECORD_BEGIN:
		return call->began;
	case RECORD_BATCH:
		return ((const struct record_batch *)word)->began + ((const struct record_batch *)word)->duration;
	case RECORD_SIGNAL:
		return ((const struct record_signal *)word)->at;
	case RECORD_NOTE:
		return ((const struct record_note *)word)->at;
	default:
		return 0;
	}
}

/* A path that could not be read, for whatever reason but that its address was bad. */
static int is_pathless(const struct record_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	const struct record_memory *memory = (const void *)&call->arguments[call->arguments_count];
	unsigned path = 0;

	while (row && path < 6 && row->kinds[path] != ARG_PATH)
		path++;
	if (!row || path >= call->arguments_count || !call->arguments[path] || is_exec_end(&call->word))
		return 0;
	if (!(call->word.flags & RECORD_MEMORY))
		return 1;
	return (const char *)(memory + 1) <= (const char *)call + (size_t)call->word.size * 8 && memory->got == -EPERM;
}

static void read_chunk(struct recording *r, unsigned index, uint64_t from, uint64_t end, uint64_t *last, size_t *room)
{
	struct source *s = &r->sources[index];

	for (uint64_t at = from; at + 8 <= end;) {
		const struct record_word *word = (const void *)(s->bytes + at);
		uint64_t size = (uint64_t)word->size * 8;
		/* The end; or room whose taker was gone before he could say how much. */
		if (!word->size && !word->kind) {
			at += 8;
			continue;
		}
		/* Room that was taken, and never filled. */
		if (!word->kind && !word->flags && size <= end - at) {
			at += size;
			continue;
		}
		if (size > end - at || size < least_size(word->kind) || !word->kind ||
		    ((word->kind == RECORD_CALL || word->kind == RECORD_BEGIN) && !call_is_sound((const void *)word, size))) {
			s->broken += end - at;
			return;
		}
		s->pathless += word->kind == RECORD_CALL && is_pathless((const void *)word);
		uint64_t time = time_of(word);
		if (time)
			*last = time + s->header->epoch;
		r->events = grown(r->events, r->events_count, room, sizeof *r->events);
		r->events[r->events_count++] = (struct event){*last, index, (uint32_t)(at / 8)};
		s->records++;
		at += size;
	}
}

struct chunk_place {
	uint64_t sequence, at;
};

static int by_sequence(const void *a, const void *b)
{
	const struct chunk_place *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void read_source(struct recording *r, unsigned index, size_t *room)
{
	struct source *s = &r->sources[index];
	struct chunk_place *chunks = NULL;
	size_t count = 0, chunks_room = 0;
	uint64_t last = s->header->began;

	for (uint64_t at = RECORD_DATA; at + sizeof(struct record_chunk) <= s->size; at += RECORD_CHUNK) {
		const struct record_chunk *chunk = (const void *)(s->bytes + at);
		if (!chunk->sequence)
			continue;
		chunks = grown(chunks, count, &chunks_room, sizeof *chunks);
		chunks[count++] = (struct chunk_place){chunk->sequence, at};
	}
	if (count)
		qsort(chunks, count, sizeof *chunks, by_sequence);
	for (size_t i = 0; i < count; i++) {
		if (i && chunks[i].sequence == chunks[i - 1].sequence)
			continue;
		uint64_t end = chunks[i].at + RECORD_CHUNK < s->size ? chunks[i].at + RECORD_CHUNK : s->size;
		read_chunk(r, index, chunks[i].at + sizeof(struct record_chunk), end, &last, room);
	}
	free(chunks);
}

/* Nearly in order already: only where it is not is it sorted, and what has the same time keeps its order. */
static void put_in_order(struct recording *r)
{
	size_t i = 1;

	while (i < r->events_count && r->events[i - 1].time <= r->events[i].time)
		i++;
	if (i >= r->events_count)
		return;
	struct event *to = resized(NULL, r->events_count * sizeof *to), *from = r->events;
	/* Natural merge sort: runs that are in order are merged by twos. */
	for (;;) {
		size_t out = 0, at = 0, runs = 0;
		while (at < r->events_count) {
			size_t middle = at + 1, end;
			while (middle < r->events_count && from[middle - 1].time <= from[middle].time)
				middle++;
			end = middle < r->events_count ? middle + 1 : middle;
			while (end < r->events_count && end > middle && from[end - 1].time <= from[end].time)
				end++;
			for (size_t a = at, b = middle; a < middle || b < end;)
				to[out++] = b == end || (a < middle && from[a].time <= from[b].time) ? from[a++] : from[b++];
			at = end;
			runs++;
		}
		struct event *other = from;
		from = to;
		to = other;
		if (runs <= 1)
			break;
	}
	r->events = from;
	free(to);
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

static unsigned refused(const char *folder)
{
	struct record_total total = {0};
	char path[PATH_MAX];
	int fd = snprintf(path, sizeof path, "%s/total", folder) < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	if (fd < 0)
		return 0;
	if (read(fd, &total, sizeof total) != (ssize_t)sizeof total)
		total.refused = 0;
	close(fd);
	return total.refused;
}

static void read_all(struct recording *r, int is_folder)
{
	char file[PATH_MAX + 300];
	size_t room = 0, events_room = 0;
	struct dirent **names;

	if (!is_folder) {
		add_source(r, r->path, 0, &room);
	} else {
		int count = scandir(r->path, &names, is_record_name, alphasort);
		r->refused = refused(r->path);
		for (int i = 0; i < count; free(names[i++]))
			if (snprintf(file, sizeof file, "%s/%s", r->path, names[i]->d_name) < (int)sizeof file)
				add_source(r, file, 1, &room);
		if (count >= 0)
			free(names);
		if (count == 0 && !r->quiet)
			fprintf(stderr, "sysshim %s: %s: no recording in this folder\n", r->command, r->path);
	}
	for (unsigned i = 0; i < r->sources_count; i++) {
		read_source(r, i, &events_room);
		if (!r->sources[i].broken)
			continue;
		if (!r->quiet)
			fprintf(stderr, "sysshim %s: %s: %llu bytes are damaged, %llu records before and behind them were read\n", r->command,
				r->sources[i].path, (unsigned long long)r->sources[i].broken, (unsigned long long)r->sources[i].records);
		r->problems++;
	}
	put_in_order(r);
}

int recording_read(struct recording *r, int argc, char **argv)
{
	const char *path = argv[optind], *command = argv[0];
	struct stat status;

	*r = (struct recording){.command = command};
	if (argc - optind > 1) {
		fprintf(stderr, "sysshim %s: one recording at a time, not also '%s'\n", command, argv[optind + 1]);
		return 0;
	}
	sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO}, NULL);
	if (!path) {
		path = r->found = recording_newest();
		if (!path) {
			fprintf(stderr, "sysshim %s: there is no recording yet; make one with: sysshim run -- PROGRAM\n", command);
			return 0;
		}
	}
	r->path = path;
	if (stat(path, &status) != 0) {
		fprintf(stderr, "sysshim %s: %s: %s\n", command, path, strerror(errno));
		return 0;
	}
	read_all(r, S_ISDIR(status.st_mode));
	return r->sources_count > 0;
}

static void free_read(struct recording *r)
{
	for (unsigned i = 0; i < r->sources_count; i++) {
		munmap((void *)r->sources[i].bytes, r->sources[i].size);
		free(r->sources[i].path);
	}
	free(r->sources);
	free(r->events);
}

static void recording_free(struct recording *r)
{
	free_read(r);
	free(r->found);
	*r = (struct recording){0};
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
	int status = r->problems ? EXIT_FOUND : EXIT_FINE;

	if (fflush(to) != 0 || ferror(to)) {
		fprintf(stderr, "sysshim %s: writing failed: %s\n", r->command, strerror(errno));
		status = EXIT_OURS;
	}
	recording_free(r);
	return status;
}

/* Answers the printers from what was kept; a piece that was kept whole answers for its parts too. */
static long read_kept(const struct text_memory *self, void *to, uint64_t from, size_t size)
{
	const struct recorded_memory *m = (const void *)self;

	for (const char *at = m->kept; (size_t)(m->end - at) >= sizeof(struct record_memory);) {
		const struct record_memory *piece = (const void *)at;
		size_t got = piece->got > 0 ? (size_t)piece->got : 0, room = (size_t)(m->end - at) - sizeof *piece;
		if (got > room || got > piece->size)
			break;
		if (from - piece->address < got) {
			size_t part = got - (from - piece->address) < size ? got - (from - piece->address) : size;
			memcpy(to, (const char *)(piece + 1) + (from - piece->address), part);
			return (long)part;
		}
		if (piece->address == from && piece->size == size)
			return piece->got;
		size_t padded = (got + 7) & ~(size_t)7;
		if (padded > room)
			break;
		at += sizeof *piece + padded;
	}
	return -EFAULT;
}

int recorded_call(const struct source *s, const struct record_word *word, struct text_call *call, struct recorded_memory *memory)
{
	const struct record_call *record = (const void *)word;
	const struct record_coalesced *write = (const void *)word;

	*call = (struct text_call){0};
	*memory = (struct recorded_memory){{read_kept, s->header->data_limit}, NULL, NULL};
	if (word->kind == RECORD_COALESCED) {
		*call = (struct text_call){__NR_write, {(uint64_t)(int64_t)write->fd, 8, write->bytes}, write->bytes};
		return s->header->pid;
	}
	unsigned first = record->number == RECORD_CALLS - 1;
	call->number = first ? record->arguments[0] : record->number;
	for (unsigned i = first; i < record->arguments_count && i - first < 6; i++)
		call->arguments[i - first] = record->arguments[i];
	call->result = record->result;
	if (word->flags & RECORD_MEMORY) {
		memory->kept = (const char *)&record->arguments[record->arguments_count];
		memory->end = (const char *)record + (size_t)word->size * 8;
	}
	return record->thread;
}
