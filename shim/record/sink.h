/* Floor 1: a file that grows without a descriptor.
 *
 * The program may close every descriptor, reuse any number and expects open() to return the lowest free one, so we hold none. A sink
 * is opened once (at birth, when nobody else runs), mapped far beyond its end, and closed. Afterwards it grows by truncate(2) on its
 * path, and text is copied in by the kernel (memory_write), so that a full disk or a file that somebody truncates under us is -EFAULT
 * and not SIGBUS. Where nobody can see its number it is written by a descriptor of that moment, which costs half as much. One process
 * writes a sink: names without %p get the pid appended in all but a recording's first process.
 *
 * Invariant while open: start <= end <= size, file offsets; the file's bytes from `start` on are ours; window maps from `base`. */
#ifndef SHIM_RECORD_SINK_H
#define SHIM_RECORD_SINK_H

#include <asm/stat.h>
#include "../sys/settings.h"

struct sink {
	char *window;
	uint64_t window_size;
	uint64_t base, start, end, size;
	uint64_t device, inode;
	uint64_t limit;  /* RLIMIT_FSIZE: growing past it would raise SIGXFSZ in the program */
	uint8_t open;
	uint8_t is_plain; /* the file system writes without asking anybody, and its close(2) waits for nobody */
	uint8_t frozen;  /* no more calls: what fits between end and size is stored directly */
	char last;       /* the byte in front of our first, 0: none */
	struct stat looked; /* what lstat says of the path, under the lock of whoever has the sink: not on the program's stack */
	char path[PATH_LIMIT];
};

/* Expands %p, %n, %t, %% of `pattern`, opens for appending (created 0600; a symbolic link, a directory, a FIFO, a device are refused) and
 * maps up to window_size bytes, less where RLIMIT_AS leaves less; `empty`: what an earlier run left there is dropped first. What a process of this recording or one that runs has written is not: then the file
 * gets another name, which *again tells to this process's later images (0: as the pattern says). Returns 0 or -errno; -EINVAL: not a regular file, -ENAMETOOLONG. Signals blocked by the caller. */
int sink_open(struct sink *sink, const char *pattern, int pid, int add_pid, int empty, uint64_t *again, uint64_t window_size);

/* For who makes a name of his own in sink->path: the expansion, and a new file of this name (-EEXIST: there is one), which is there if this succeeds. */
int sink_expand(char *to, const char *pattern, int pid, int add_pid);
int sink_create(struct sink *sink, uint64_t window_size);

/* For who stores into the window himself: the file is `size` bytes long at least, at most. -ESTALE: somebody has cut it, and storing into
 * what was there is no longer safe. */
int sink_lengthen(struct sink *sink, uint64_t size);
void sink_shorten(struct sink *sink, uint64_t size);

/* Appends whole: returns 0, or -errno when nothing was appended (disk full, limit, path gone). Caller serialises, with signals blocked. */
int sink_append(struct sink *sink, const char *text, size_t size);

/* `size` bytes to file offset `at`, all within the file, by a descriptor: 1, or 0: it is to be stored into the window. Signals blocked by the caller. */
int sink_write(struct sink *sink, uint64_t at, const void *from, size_t size);

/* Takes everything behind file offset `end` back. */
void sink_cut(struct sink *sink, uint64_t end);

/* RLIMIT_AS (`resource`) has changed, or RLIMIT_MEMLOCK counts: gives back what it leaves no room for, but for what lies before file offset `least`, or the file's end. Caller serialises. */
void sink_narrow(struct sink *sink, uint64_t least, unsigned resource);

/* Reads RLIMIT_FSIZE again. */
void sink_limit(struct sink *sink);

/* Before the program gives up rights (chroot, setuid, a filter): where less than `least` is left, grows by `reserve` bytes of newlines that later text
 * overwrites. */
void sink_reserve(struct sink *sink, uint64_t least, uint64_t reserve);

/* Does the file end within a line? */
int sink_ends_open(const struct sink *sink);

#endif
