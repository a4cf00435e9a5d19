/* The recording's format, version 1: one file for each program that a process runs, in one folder for all that belong together.
 * doc/record-format.md explains it in prose. All numbers are of the machine that wrote them (little-endian on x86-64).
 *
 *     0              struct record_header
 *     RECORD_DATA    chunks of RECORD_CHUNK bytes, each a struct record_chunk and records behind it
 *
 * The first RECORD_STAGING chunks are the ones that are being filled; whoever needs the place of a full one copies it to the chunks behind
 * first, one behind the other, round and round where the file may not grow any more. So a chunk may stand in two places: its
 * sequence number tells, and the earlier place is the better one. A record lies in one chunk and begins at a multiple of 8. Its first
 * word is stored last, and until then it has no kind: a reader steps over it, and over zeros. So a reader
 * may look at any time, also while the file is being written, and a file that ends anywhere is read up to there.
 *
 * Freestanding: nothing but types. */
#ifndef SYSSHIM_RECORD_H
#define SYSSHIM_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_MAGIC "sysshim\n"
enum {
	RECORD_VERSION = 1,
	RECORD_CALLS = 512,     /* the last number stands for all above */
	RECORD_DATA = 4096,
	RECORD_CHUNK = 32 << 10,
	RECORD_STAGING = 4,
	RECORD_KEPT = 2048,     /* full chunks in a file (64 MiB), then round and round */
	RECORD_REWRITTEN = 1,
	RECORD_BY_PTRACE = 2,
	RECORD_REWRITTEN_MOST = 3
};

enum record_end {
	RECORD_RUNNING,  /* or killed without a last word */
	RECORD_EXITED,   /* status: of exit_group(2), 0..255 */
	RECORD_SIGNALLED, /* status: the signal's number */
	RECORD_EXECED,   /* an exec was tried and nothing came afterwards: the next image is another file */
	RECORD_FINISHED  /* ended, status unknown */
};

enum { RECORD_HAS_GO = 1, RECORD_THREADS_UNSEEN = 2 };

struct record_header {
	char magic[8];           /* RECORD_MAGIC, without a NUL */
	uint32_t version;        /* RECORD_VERSION */
	uint32_t data, chunk;    /* RECORD_DATA, RECORD_CHUNK of the writer */
	uint32_t machine;        /* EM_X86_64, ...: whose numbers of system calls these are */
	int32_t pid;
	int32_t parent;          /* pid at birth */
	uint64_t began;          /* ns since 1970 */
	uint64_t epoch;          /* ns to be added to the times in the records to have them since 1970 */
	int32_t recording_pid;   /* the first process of the recording */
	uint32_t later_image;    /* 1: this process ran another observed program before (exec) */
	uint32_t end;            /* enum record_end */
	int32_t status;
	uint64_t ended;          /* ns since 1970, 0: not ended */
	uint64_t dropped;        /* records that found no place */
	uint64_t overwritten;    /* bytes of the oldest records that newer ones have replaced */
	/* What was not seen. */
	uint32_t rewriting;      /* RECORD_REWRITTEN: libc's own system calls come to the gate; _MOST: those that are about I/O, files, processes or signals;
	                          * RECORD_BY_PTRACE: followed by ptrace, only calls that name files */
	uint32_t sites_rewritten, sites_left, foreign_rewritten, foreign_left;
	uint32_t forks, images;  /* children of the family by then */
	uint32_t not_followed[3]; /* static, set-user-id, another word size */
	uint64_t results_unseen;
	/* What batching did. */
	uint64_t batches, coalesced, coalesced_bytes, kernel_entries, lost_bytes;
	uint64_t trace[RECORD_CALLS / 64]; /* which calls were asked for: bit n % 64 of word n / 64. Of others those have records that change what a descriptor or path means */
	char why_not[128];       /* no rewriting: the reason; NUL-terminated, as the texts below */
	char program[256];       /* base name of the executable */
	char directory[1024];    /* the working directory at birth; "" unknown */
	char arguments[1024];    /* the command line, each with its NUL, cut where it is longer */
	uint32_t arguments_size; /* bytes of it that are used */
	uint32_t data_limit;     /* so many bytes of each buffer were kept with its call */
	uint32_t staging;        /* RECORD_STAGING of the writer */
	/* Reads and writes since birth of a process that never had a second thread, by the kernel's count (syscr and syscw of proc(5)'s io,
	 * without our own), and by ours. */
	uint32_t kernel_counted; /* 1: they are known */
	uint64_t kernel_reads, kernel_writes, counted_reads, counted_writes;
	uint32_t environment_size; /* bytes of what follows that are used */
	char environment[1024];    /* what changes how a program is loaded and behaves (shim.c has the list), each NAME=value with its NUL; cut */
	uint64_t left_out;         /* calls without a record, because of SYSSHIM_PATH_EXCLUDE, SYSSHIM_STATUS or SYSSHIM_MIN_DURATION */
	uint32_t unrecorded;       /* forked children of this image, and theirs, that could make no file, by then */
	uint64_t family;           /* the image that forks, images, not_followed and unrecorded are counted in, with its forked children: the same number; 0: unknown (and in older files of who runs, or was killed) */
	uint32_t without_libc;     /* RECORD_HAS_GO: its runtime makes its calls without libc, RECORD_THREADS_UNSEEN: those that threads can be cancelled in: they were not seen */
};

struct record_chunk {
	uint64_t sequence; /* from 1; 0: not in use */
};

enum record_kind {
	RECORD_CALL = 1,   /* struct record_call: a call and its result */
	RECORD_BEGIN,      /* struct record_call: a call that may wait has begun; result and duration are 0 */
	RECORD_COALESCED,  /* struct record_coalesced: a write(2) that was gathered, with all its bytes accepted */
	RECORD_BATCH,      /* struct record_batch: gathered writes went to the kernel */
	RECORD_SIGNAL,     /* struct record_signal: one that ends the process */
	RECORD_NOTE,       /* struct record_note */
	RECORD_COUNTER,    /* struct record_counter: sums so far of one system call, recorded or not; the last one counts */
	RECORD_START,      /* struct record_start: what a program was started from; behind it an OBJECT each of what ld.so had loaded by then */
	RECORD_OBJECT,     /* struct record_object, in the order of ld.so's list */
	RECORD_PLACE,      /* struct record_place: the folder behind a descriptor, or AT_FDCWD, where no record has said so */
	RECORD_COPY,       /* struct record_copy: the same, where another descriptor's folder has been said */
	RECORD_GAP = 255   /* room that was given back: nothing */
};

enum record_flags {
	RECORD_RESUMED = 1,   /* a CALL that has a BEGIN with the same serial; 0 there: an exec, of the image before. A serial without this: nothing came
			       * between the two, and the BEGIN became the CALL */
	RECORD_GATHERED = 2,  /* a CALL whose bytes were gathered; its time is that of the record before */
	RECORD_MEMORY = 4,    /* struct record_memory behind the arguments, up to the record's end */
	RECORD_INJECTED = 8,  /* a CALL that SYSSHIM_INJECT has answered, or made shorter than the program did */
	RECORD_DELAYED = 16   /* a CALL that took longer because of it */
};

/* The first word of every record. */
struct record_word {
	uint16_t size;  /* of the record, in units of 8 bytes */
	uint8_t kind;   /* enum record_kind; a reader steps over kinds that it does not know */
	uint8_t flags;  /* enum record_flags */
};

struct record_call {
	struct record_word word;
	uint16_t number;     /* of the system call; RECORD_CALLS - 1: `arguments` has one more in front, the number */
	uint8_t arguments_count, padding;
	int32_t thread;
	uint32_t serial;     /* with BEGIN and RESUMED */
	uint64_t began;      /* ns; 0: no clock could be read */
	uint64_t duration;   /* ns */
	int64_t result;      /* the kernel's: -errno or a value */
	uint64_t arguments[];
};

/* What stood in the program's memory when the call was written: `got` bytes from `address`, where `size` were wanted. */
struct record_memory {
	uint64_t address;
	uint32_t size;
	int32_t got; /* or -errno; the bytes follow, padded to a multiple of 8 */
};

struct record_coalesced {
	struct record_word word;
	int32_t fd;
	uint32_t bytes, padding;
};

struct record_batch {
	struct record_word word;
	int32_t thread;
	uint64_t began, duration; /* of the kernel's write; duration 0: not measured */
	int32_t fd;
	uint32_t writes, bytes, padding;
	char ended_by[24];
};

struct record_signal {
	struct record_word word;
	int32_t thread;
	uint64_t at;
	int32_t signal, code, pid, uid; /* of siginfo_t */
};

struct record_note {
	struct record_word word;
	int32_t thread;
	uint64_t at;
	char text[48];
};

/* The file `total` of a recording: what all its processes share. */
struct record_total {
	uint64_t bytes;     /* of chunks that were copied: at most RECORD_TOTAL_BYTES, then each process goes round in what it has */
	uint32_t processes; /* images with a file of their own: at most RECORD_TOTAL_PROCESSES */
	uint32_t refused;   /* images above that, of which nothing is recorded */
	uint32_t levels;    /* as in record_start, and RECORD_LEVELS_KNOWN: asking the processor (cpuid) takes long in a virtual machine */
	uint32_t renames;   /* that an audit has recorded: each may give a folder that is open another name */
	uint64_t place;     /* a sum of the boot and the pid namespace in which the first process has its number; 0: not known */
};
enum { RECORD_LEVELS_KNOWN = 1 << 30 };
enum { RECORD_BOOT_ID = 36 };

/* What `place` is: FNV-1a of the boot's number (/proc/sys/kernel/random/boot_id, 36 characters; NULL: it cannot be read), and the inode of the pid namespace (/proc/PID/ns/pid). */
static inline uint64_t record_place_sum(const char *boot, uint64_t namespace_inode)
{
	uint64_t sum = 14695981039346656037u;

	for (int i = 0; boot && i < RECORD_BOOT_ID; i++)
		sum = (sum ^ (uint8_t)boot[i]) * 1099511628211u;
	return sum ^ namespace_inode;
}
enum { RECORD_TOTAL_BYTES = 1 << 30, RECORD_TOTAL_PROCESSES = 20000 };

struct record_counter {
	struct record_word word;
	uint32_t number;
	uint64_t calls, errors, bytes, nanoseconds;
};

/* So that a reader knows whether the cache that it finds is the one that ld.so looked into. Never 0 or 1. */
#define RECORD_CACHE_SUM(size, seconds, nanoseconds) ((((uint32_t)(size) * 31) ^ ((uint32_t)(seconds) * 7) ^ (uint32_t)(nanoseconds)) | 2)
enum { RECORD_CACHE_MISSING = 1, RECORD_BY_LOADER = 16, RECORD_ORIGIN = 32 };

/* Before our start ld.so has opened files, and looked for some in vain: which, follows from this (cli/loader.c). */
struct record_start {
	struct record_word word;
	uint32_t levels;      /* of x86-64 that the processor has: bit 0 x86-64-v2, 1 v3, 2 v4; 3: Intel's; 4 (RECORD_BY_LOADER): ld.so was
			       * executed, as a program, and has loaded this one itself; 5 (RECORD_ORIGIN) */
	int32_t preload_file; /* what access("/etc/ld.so.preload", R_OK) says: 0 or -errno; 1: not asked */
	uint32_t cache;       /* of /etc/ld.so.cache: RECORD_CACHE_SUM, RECORD_CACHE_MISSING: there is none; 0: not asked */
	char texts[];         /* each with its NUL: glibc's version (empty: another libc), the file that was executed as execve named it (AT_EXECFN), the
			       * program's interpreter, what runs (/proc/self/exe; empty where nothing asks for it), the platform's name (AT_PLATFORM);
			       * with RECORD_ORIGIN what $ORIGIN is for the program; with RECORD_BY_LOADER what runs is ld.so, and at the end comes its
			       * command line, as far as there is room */
};

struct record_object {
	struct record_word word;
	uint32_t needed; /* so many names at the end of texts */
	uint64_t flags;  /* DT_FLAGS_1 */
	char texts[];    /* each with its NUL: its path, DT_SONAME, DT_RPATH, DT_RUNPATH, DT_NEEDED... */
};

struct record_place {
	struct record_word word;
	int32_t thread, fd, size; /* of path; -errno: it cannot be read */
	char path[];              /* as /proc/self/fd has it, without a NUL; behind it, at a multiple of 8, when that was asked (not in older files) */
};

/* Where in such a record its time is. */
static inline size_t record_place_time(int32_t size)
{
	return sizeof(struct record_place) + (size > 0 ? ((size_t)size + 7) & ~(size_t)7 : 0);
}

struct record_copy {
	struct record_word word;
	int32_t thread, fd, from; /* fd was made by dup or the like of `from`, which may stand for something else by now; -1: what it is nobody knows */
};

#define RECORD_OFFSET(type, member, offset) _Static_assert(offsetof(struct type, member) == (offset), "the recording's format")
RECORD_OFFSET(record_header, magic, 0);
RECORD_OFFSET(record_header, version, 8);
RECORD_OFFSET(record_header, data, 12);
RECORD_OFFSET(record_header, chunk, 16);
RECORD_OFFSET(record_header, machine, 20);
RECORD_OFFSET(record_header, pid, 24);
RECORD_OFFSET(record_header, parent, 28);
RECORD_OFFSET(record_header, began, 32);
RECORD_OFFSET(record_header, epoch, 40);
RECORD_OFFSET(record_header, recording_pid, 48);
RECORD_OFFSET(record_header, later_image, 52);
RECORD_OFFSET(record_header, end, 56);
RECORD_OFFSET(record_header, status, 60);
RECORD_OFFSET(record_header, ended, 64);
RECORD_OFFSET(record_header, dropped, 72);
RECORD_OFFSET(record_header, overwritten, 80);
RECORD_OFFSET(record_header, rewriting, 88);
RECORD_OFFSET(record_header, sites_rewritten, 92);
RECORD_OFFSET(record_header, sites_left, 96);
RECORD_OFFSET(record_header, foreign_rewritten, 100);
RECORD_OFFSET(record_header, foreign_left, 104);
RECORD_OFFSET(record_header, forks, 108);
RECORD_OFFSET(record_header, images, 112);
RECORD_OFFSET(record_header, not_followed, 116);
RECORD_OFFSET(record_header, results_unseen, 128);
RECORD_OFFSET(record_header, batches, 136);
RECORD_OFFSET(record_header, coalesced, 144);
RECORD_OFFSET(record_header, coalesced_bytes, 152);
RECORD_OFFSET(record_header, kernel_entries, 160);
RECORD_OFFSET(record_header, lost_bytes, 168);
RECORD_OFFSET(record_header, trace, 176);
RECORD_OFFSET(record_header, why_not, 240);
RECORD_OFFSET(record_header, program, 368);
RECORD_OFFSET(record_header, directory, 624);
RECORD_OFFSET(record_header, arguments, 1648);
RECORD_OFFSET(record_header, arguments_size, 2672);
RECORD_OFFSET(record_header, data_limit, 2676);
RECORD_OFFSET(record_header, staging, 2680);
RECORD_OFFSET(record_header, kernel_counted, 2684);
RECORD_OFFSET(record_header, kernel_reads, 2688);
RECORD_OFFSET(record_header, kernel_writes, 2696);
RECORD_OFFSET(record_header, counted_reads, 2704);
RECORD_OFFSET(record_header, counted_writes, 2712);
RECORD_OFFSET(record_header, environment_size, 2720);
RECORD_OFFSET(record_header, environment, 2724);
RECORD_OFFSET(record_header, left_out, 3752);
RECORD_OFFSET(record_header, unrecorded, 3760);
RECORD_OFFSET(record_header, family, 3768);
RECORD_OFFSET(record_header, without_libc, 3776);
RECORD_OFFSET(record_chunk, sequence, 0);
RECORD_OFFSET(record_word, size, 0);
RECORD_OFFSET(record_word, kind, 2);
RECORD_OFFSET(record_word, flags, 3);
RECORD_OFFSET(record_call, word, 0);
RECORD_OFFSET(record_call, number, 4);
RECORD_OFFSET(record_call, arguments_count, 6);
RECORD_OFFSET(record_call, padding, 7);
RECORD_OFFSET(record_call, thread, 8);
RECORD_OFFSET(record_call, serial, 12);
RECORD_OFFSET(record_call, began, 16);
RECORD_OFFSET(record_call, duration, 24);
RECORD_OFFSET(record_call, result, 32);
RECORD_OFFSET(record_call, arguments, 40);
RECORD_OFFSET(record_memory, address, 0);
RECORD_OFFSET(record_memory, size, 8);
RECORD_OFFSET(record_memory, got, 12);
RECORD_OFFSET(record_coalesced, word, 0);
RECORD_OFFSET(record_coalesced, fd, 4);
RECORD_OFFSET(record_coalesced, bytes, 8);
RECORD_OFFSET(record_coalesced, padding, 12);
RECORD_OFFSET(record_batch, word, 0);
RECORD_OFFSET(record_batch, thread, 4);
RECORD_OFFSET(record_batch, began, 8);
RECORD_OFFSET(record_batch, duration, 16);
RECORD_OFFSET(record_batch, fd, 24);
RECORD_OFFSET(record_batch, writes, 28);
RECORD_OFFSET(record_batch, bytes, 32);
RECORD_OFFSET(record_batch, padding, 36);
RECORD_OFFSET(record_batch, ended_by, 40);
RECORD_OFFSET(record_signal, word, 0);
RECORD_OFFSET(record_signal, thread, 4);
RECORD_OFFSET(record_signal, at, 8);
RECORD_OFFSET(record_signal, signal, 16);
RECORD_OFFSET(record_signal, code, 20);
RECORD_OFFSET(record_signal, pid, 24);
RECORD_OFFSET(record_signal, uid, 28);
RECORD_OFFSET(record_note, word, 0);
RECORD_OFFSET(record_note, thread, 4);
RECORD_OFFSET(record_note, at, 8);
RECORD_OFFSET(record_note, text, 16);
RECORD_OFFSET(record_total, bytes, 0);
RECORD_OFFSET(record_total, processes, 8);
RECORD_OFFSET(record_total, refused, 12);
RECORD_OFFSET(record_total, levels, 16);
RECORD_OFFSET(record_total, renames, 20);
RECORD_OFFSET(record_total, place, 24);
RECORD_OFFSET(record_counter, word, 0);
RECORD_OFFSET(record_counter, number, 4);
RECORD_OFFSET(record_counter, calls, 8);
RECORD_OFFSET(record_counter, errors, 16);
RECORD_OFFSET(record_counter, bytes, 24);
RECORD_OFFSET(record_counter, nanoseconds, 32);
RECORD_OFFSET(record_start, word, 0);
RECORD_OFFSET(record_start, levels, 4);
RECORD_OFFSET(record_start, preload_file, 8);
RECORD_OFFSET(record_start, cache, 12);
RECORD_OFFSET(record_start, texts, 16);
RECORD_OFFSET(record_object, word, 0);
RECORD_OFFSET(record_object, needed, 4);
RECORD_OFFSET(record_object, flags, 8);
RECORD_OFFSET(record_object, texts, 16);
RECORD_OFFSET(record_place, word, 0);
RECORD_OFFSET(record_place, thread, 4);
RECORD_OFFSET(record_place, fd, 8);
RECORD_OFFSET(record_place, size, 12);
RECORD_OFFSET(record_place, path, 16);
RECORD_OFFSET(record_copy, word, 0);
RECORD_OFFSET(record_copy, thread, 4);
RECORD_OFFSET(record_copy, fd, 8);
RECORD_OFFSET(record_copy, from, 12);
_Static_assert(sizeof(struct record_coalesced) == 16 && sizeof(struct record_batch) == 64 && sizeof(struct record_signal) == 32 &&
		       sizeof(struct record_note) == 64 && sizeof(struct record_counter) == 40 && sizeof(struct record_copy) == 16 &&
		       sizeof(struct record_header) <= RECORD_DATA,
	       "the recording's format");

#endif
