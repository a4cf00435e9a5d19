/* Floor 1: the log as a recording, in the format of include/sysshim/record.h. What a record needs of room: room.h. */
#ifndef SHIM_RECORD_RECORDING_H
#define SHIM_RECORD_RECORDING_H

#include "../../format/text.h"
#include "../../include/sysshim/record.h"
#include "../sys/lock.h"
#include "sink.h"

enum { RECORDING_FIRST = 8 << 10, RECORDING_THREADS = 64, CACHE_LINE = 64 };

struct recording {
	/* NB in a cache line of their own, which threads pass from processor to processor with each record. */
	uint64_t next __attribute__((aligned(CACHE_LINE))); /* file offset of the next record */
	uint32_t serials;
	uint64_t begun;    /* file offset of the last BEGIN; 0: none */
	uint64_t ready __attribute__((aligned(CACHE_LINE))); /* up to here pages are there */
	uint64_t sequence; /* of the newest chunk */
	uint64_t refused;  /* calls for room that failed: not every one asks the kernel again */
	uint32_t staging;  /* chunks that are filled in turn */
	uint32_t reserved[RECORD_STAGING]; /* bytes of each full one */
	uint64_t busy_since; /* when none was free; 0: one was */
	uint64_t kept;     /* the newest that was copied */
	uint64_t places;   /* for them */
	uint8_t in_memory; /* the file lies in memory (tmpfs), and nobody has asked for it: there is to be little */
	uint64_t most;     /* bytes of full chunks in all files of the recording */
	uint32_t most_files;
	uint8_t is_copied; /* the window is not stored into (room.h) */
	char *store;       /* what stands for the file's first byte: the window's, or that of memory from which it is copied */
	uint64_t news;     /* file offset of the first record that was not copied; 0: none */
	uint64_t copied_at;
	uint32_t full;     /* the file system has refused a copy, and so many were not asked for since; 0: it took the last one */
	uint64_t counted_at; /* the newest chunk when the counters were last written */
	uint32_t kernel_counted; /* what follows is known: the kernel's count of reads and writes at birth */
	uint64_t kernel_reads, kernel_writes;
	uint32_t alike;    /* there is or was a thread with another's thread pointer */
	struct lock lock;  /* of the room */
	uint64_t threads[RECORDING_THREADS]; /* thread pointer / 64 in the upper bits, its thread's number in the lower 22 */
};

struct process;
struct log_ticket;

/* Makes the folder and the file of a new process or image; 0 or -errno. */
int recording_open(struct process *p, uint64_t epoch);
/* As log_begin, log_end, log_coalesced, log_batch, log_note, log_signal. */
void recording_begin(struct process *p, const struct text_call *call, struct log_ticket *ticket);
void recording_call(struct process *p, const struct text_call *call, const struct log_ticket *ticket, uint64_t now, unsigned flags);
void recording_coalesced(struct process *p, const struct text_call *call);
/* The same of a write(2) of which no bytes are kept: log.quick says so. */
void recording_gathered(struct process *p, int fd, size_t bytes);
void recording_batch(struct process *p, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t began, uint64_t now);
void recording_note(struct process *p, const char *text, uint64_t now);
void recording_signal(struct process *p, int signal, int code, int pid, int uid, uint64_t now);
/* What a reader must know of folders where no call says it. What stands behind a descriptor, or AT_FDCWD (size: of path, or -errno; asked: when, before
 * the kernel was); that a number is a copy of another, or of -1: that nobody knows what it is; that the working folder has changed. 1: written. */
int recording_place(struct process *p, int fd, const char *path, long size, uint64_t asked);
int recording_copy(struct process *p, int fd, int from);
void recording_moved(struct process *p);
/* The same where the path of a chdir that has succeeded climbs ("..") out of what may be a symbolic link. */
void recording_climbed(struct process *p, uint64_t path);
/* The count of what is left out goes to the file's head. */
void recording_left_out(struct process *p);
/* The exec that led to this image has returned 0. */
void recording_exec(struct process *p, uint64_t now);
/* The counters and how it ended (enum record_end) go to the file's head. */
void recording_state(struct process *p, unsigned end, int status);
/* A COUNTER for each call that was made. */
void recording_counters(struct process *p);
/* The same now and then (sequence: of the newest chunk), and never so far back that they are overwritten: a process that is killed has these. plain.h asks. */
enum { RECORDING_COUNTERS_EVERY = 16 /* chunks */ };
void recording_count(struct process *p, uint64_t sequence);
/* A piece of the program's memory in a record, with what fills it up to a multiple of 8. */
static inline size_t recording_piece_size(size_t size)
{
	return sizeof(struct record_memory) + ((size + 7) & ~(size_t)7);
}

static inline void recording_put_piece(char *to, const char *from, size_t size)
{
	*(struct record_memory *)to = (struct record_memory){(uint64_t)from, (uint32_t)size, (int32_t)size};
	__builtin_memcpy(to + sizeof(struct record_memory), from, size);
}

/* Calls that read a path first of all, and no other. */
int recording_may_read(uint64_t number);
/* 1: the kernel has just read such a call's path at `from`, other errors may come before that, and nobody else is here who could have unmapped it since:
 * it may be read as it stands. */
int recording_was_read(const struct process *p, uint64_t number, uint64_t from, long result);
/* 1: so with both paths of a call that has done what it was asked for, under a filter, where they can be read in no other way. */
int recording_were_read(const struct process *p, uint64_t number, long result);
/* The size, with its NUL, of a string that may be read as it stands before the kernel reads it; 0: it may not be, or is not short. For the only thread. */
size_t recording_string_now(const struct process *p, uint64_t from);
/* Who makes the call. */
int32_t recording_thread(struct process *p);
/* A thread comes: a thread pointer may be another's from now on; and where it is not given one of its own (clone(2), CLONE_SETTLS) it has that of who makes it. */
void recording_forget_threads(struct process *p, uint64_t has_pointer);

#endif
