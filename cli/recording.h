/* Reading recordings (include/sysshim/record.h). A file is mapped and looked at where it lies; whatever it holds, nothing is believed before
 * it was checked against the file's size. */
#ifndef CLI_RECORDING_H
#define CLI_RECORDING_H

#include "../format/text.h"
#include "../include/sysshim/record.h"

#include <fcntl.h>
#include <asm/unistd.h>
#include <stdio.h>

/* One file: a program that a process ran. */
struct source {
	char *path;
	const char *bytes;
	size_t size;
	const struct record_header *header;
	/* ns since 1970: when it began, and what makes that out of the times in its records. Corrected: one epoch serves all. */
	uint64_t began, epoch;
	struct cursor *cursor; /* where it is being read; NULL: nowhere */
	/* Of what was read since source_rewind. */
	uint64_t records, broken; /* broken: bytes that could not be read as records */
	uint64_t missed;          /* chunks that were used again before they could be read: of a program that runs */
	uint64_t gone;            /* the last of them that event_hold has counted */
	struct ahead *ahead;      /* what the file says only later, once somebody has asked (ahead.h); or NULL */
	uint64_t pathless;        /* calls with a path that was not kept: it could not be read under a filter */
};

/* A record. */
struct event {
	uint64_t time; /* ns since 1970: BEGIN, where it began; all others, where they ended */
	uint64_t sequence; /* of its chunk */
	uint32_t source;
	uint32_t at;   /* file offset / 8 */
	enum half {
		HALF_NONE,
		HALF_BEGIN, /* of a record that says both (record.h, RECORD_RESUMED) */
		HALF_END
	} half;
};

struct recording {
	const char *command; /* that reads it, for messages */
	const char *path;
	char *found; /* the newest's path, where none was named */
	struct source *sources;
	unsigned sources_count;
	struct image *images; /* by their processes (ahead.h) */
	uint64_t listed;      /* when its files were looked for, ns, by the clock that nobody sets */
	struct merge *merge;
	struct event next; /* the one that recording_peek has shown */
	int ahead;
	int damage_told;
	unsigned refused;  /* images of which nothing was recorded, because there were too many */
	unsigned unborn;   /* images that were killed before they could say anything: their files are empty, or all zeros */
	int is_for_files;  /* its output is a list of files: which calls were not asked for matters by those alone */
	int starts_told;   /* what ld.so did before the shim's start is part of the output */
	int whole;         /* a record that says both, begin and end, is one event where nobody can tell; set by who reads */
	int quiet;         /* problems are counted and not said */
	unsigned problems; /* files that could not be read, wholly or in part; each was said on stderr */
};

/* Reads what a command's arguments from optind on name: a folder of files, or one file; nothing: the newest below the state folder. argv[0] is
 * the command, for messages. 0: nothing could be read, which was said. */
int recording_read(struct recording *r, int argc, char **argv);
/* The recording at this path; `command` for messages. */
int recording_read_at(struct recording *r, const char *command, const char *path);
/* As recording_read, of one that may just be being made: it waits for its first record, 3 s at most. */
int recording_read_live(struct recording *r, int argc, char **argv);
/* Reads the same once more, as it is by now, without saying what is wrong with it. */
void recording_again(struct recording *r);
/* The end of such a command: what it printed to `to` is written out, the recording is freed. Returns the exit status. */
int recording_end(struct recording *r, FILE *to);

/* ${XDG_STATE_HOME:-$HOME/.local/state}/sysshim/recordings; 0: neither is set to an absolute path. */
int recordings_folder(char *path, size_t size);

/* What all processes of a recording share; zeros where there is no such file. */
void recording_total(const char *folder, struct record_total *total);

/* Of the program that began first: whom somebody has started. There is one. */
const struct record_header *recording_first(const struct recording *r);

/* Is this the name of a file of a recording? */
struct dirent;
int is_record_name(const struct dirent *entry);

/* The newest there, or of those before it, to be freed; NULL: there is none. */
char *recording_newest(int before);

/* A file's events in the order in which its records were made, again from the first one. source_next: 0 behind the last. */
void source_rewind(struct source *s);
int source_next(struct recording *r, unsigned index, struct event *e);
/* Behind source_rewind: the chunks before the one of this number are left out. */
void source_skip(struct source *s, uint64_t sequence);
void source_close(struct source *s);

/* Those of all files in the order of time; within one file, in which several threads may have waited between looking at the clock and making the
 * record, in that of the records. recording_peek: the next one, which stays the next one; NULL behind the last. */
void recording_rewind(struct recording *r);
int recording_next(struct recording *r, struct event *e);
const struct event *recording_peek(struct recording *r);
void recording_close(struct recording *r);

/* Says on stderr, once, which files were found to be damaged while they were read, and counts them as problems. */
void recording_tell_damage(struct recording *r);

/* realloc, or the end of the command. */
void *resized(void *array, size_t size);
void *grown(void *array, size_t count, size_t *room, size_t each);
/* The same for new memory: all zeros; a copy of a text. To be freed. */
void *zeroed(size_t size);
char *copied(const char *text);

/* Where an event's record lies: until two events later, or wherever it is asked again. Of one that a running program has written over since, a
 * call that is not known. */
const struct record_word *event_record(const struct recording *r, const struct event *e);

/* Holds the record of an event that was given out long ago, until the next is held. 0: the program has used its place again, which is counted. When
 * all have been given out. */
int event_hold(struct recording *r, const struct event *e);

/* A CALL, a BEGIN or a COALESCED as the printers want it, and the memory that was kept with it. The memory stays valid while the recording
 * does; `call` by itself. Returns the thread. */
struct recorded_memory {
	struct text_memory memory;
	const char *kept, *end;
};
int recorded_call(const struct source *s, const struct record_word *word, struct text_call *call, struct recorded_memory *memory);

/* Whose a record is; of those that do not say so the process's first thread. */
int recorded_thread(const struct source *s, const struct record_word *word);

/* Is it open or one like it? 1, and the flags with which it opens, and the folder that a relative path is in: a descriptor or AT_FDCWD. */
int recorded_open(const struct text_call *call, const struct recorded_memory *memory, uint64_t *flags, int *folder);
/* What of the path that it opens is looked for in that folder: all, but that where the folder is the root (openat2's RESOLVE_IN_ROOT) none is absolute; what climbs there has
 * a folder that nobody knows. */
const char *recorded_below(const struct text_call *call, const struct text_memory *memory, const char *given, int *folder);
/* Is what these flags open a new file without a name? Then its path is that of a folder. */
static inline int opens_nameless(uint64_t flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

/* Are the bytes of a call's result such that it read, such that it wrote? Of a copy they are both. */
int call_reads(uint64_t number);
int call_writes(uint64_t number);
/* Of a call's result: was it read, and was it written? A copy that has found the end of what it reads has written nothing. */
void call_moved(const struct text_call *call, int *read, int *written);

static inline int is_exec(uint64_t number)
{
	return number == __NR_execve || number == __NR_execveat;
}

/* Is this what a new image says of the exec that led to it? */
static inline int is_exec_end(const struct record_word *word)
{
	return word->kind == RECORD_CALL && word->flags & RECORD_RESUMED && !((const struct record_call *)word)->serial;
}

enum { RECORDED_PATH = 4200 }; /* room for the longest that a kernel takes: text_call_path (format/json.h) */

/* A name of a recording, at most `most` bytes, as a terminal may see it: with strace's escapes. Returns `to`. */
const char *recorded_text(char *to, size_t size, const char *text, size_t most);

/* May an image that an exec at that time was to bring (ns, by the clock that nobody sets) make its file yet, when ld.so has loaded the shim there, or have made it behind our look? */
int image_may_come(const struct recording *r, uint64_t since);

/* Of a program's command line only the beginning is known: what stands behind it then, in a text; "": it is whole. */
const char *recorded_cut(const struct record_header *h);

/* How a program ended: "exited with 3", and in a word: exited, signalled, execed, finished (status unknown), running (or killed). `to` is returned. */
enum { RECORDED_END = 64 };
const char *recorded_end(const struct record_header *h, char to[RECORDED_END]);
const char *recorded_end_word(const struct record_header *h);

/* Each path that was opened, or was tried to be; pid: the last process that did. */
void files_each(struct recording *r, void (*tell)(void *self, const char *path, int pid, int is_written), void *self);

/* The files through which most bytes went, at most `most`, a line each; pid 0: of all processes. */
void files_busiest(struct recording *r, int pid, unsigned most);

/* Each file with how often and in which sizes it was read and written, those with most bytes first. */
void files_by_size(struct recording *r, int pid, int json);

/* Are there calls with all of these flags (CALL_*) that nobody has asked this program's recording for? */
int recorded_lacks(const struct record_header *h, unsigned flags);
/* Is there anything that a recording should hold and does not? Without what is never seen. */
int recording_gaps(const struct recording *r);
/* So many programs were executed that could not load the shim. */
uint32_t recording_not_followed(const struct recording *r);
/* The end of every output: what was not seen. */
void recording_coverage(const struct recording *r, FILE *to);
/* `"coverage":{...}`; and as an object of its own, the last line of JSON lines. */
void recording_coverage_json(const struct recording *r, FILE *to);
void recording_coverage_line(const struct recording *r, FILE *to);

#endif
