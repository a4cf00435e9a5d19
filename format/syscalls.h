/* The table of system calls: one row a call in syscalls.def, read here into names, argument kinds and effect classes.
 *
 * Freestanding: both the shim (no libc) and the command build this folder. Every function here is pure, may be called in any
 * thread and in signal handlers, and needs no relocation to have been applied. */
#ifndef FORMAT_SYSCALLS_H
#define FORMAT_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

#include "numbers.h"

/* What the call means for bytes that are still buffered (doc/internals.md). A call that is not in the table is CLASS_VISIBLE. */
enum effect_class {
	CLASS_VISIBLE,     /* others may see its effect: everything that nobody has proven harmless */
	CLASS_COALESCIBLE, /* small writes that may be gathered */
	CLASS_PRIVATE,     /* no information flows in or out of the process */
	CLASS_READS,       /* reads what a buffered write may have changed */
	CLASS_ABOUT_FD,    /* acts on a descriptor that may hold buffered bytes */
	CLASS_MAY_BLOCK,   /* may wait for another process */
	CLASS_PROCESS,     /* ends or changes the process: exec, fork, exit, credentials, filters */
	CLASS_COUNT
};

/* Flags of a row. */
enum {
	CALL_HOT = 1,       /* I/O, files, descriptors, process, signals: its sites in libc are rewritten by default */
	CALL_BYTES_IN = 2,  /* a result >= 0 is a count of bytes that were read */
	CALL_BYTES_OUT = 4, /* a result >= 0 is a count of bytes that were written */
	CALL_OPENS = 8,     /* a result >= 0 is a new descriptor for the path in its arguments */
	CALL_FILE = 16,     /* strace's %file: an argument is a path */
	CALL_DESC = 32,     /* strace's %desc: works on descriptors */
	CALL_NETWORK = 64,  /* strace's %network */
	CALL_PROC = 128,    /* strace's %process */
	CALL_SIGNAL = 256,  /* strace's %signal */
	CALL_MEMORY = 512,  /* strace's %memory */
	CALL_NORETURN = 1024, /* has no result when it succeeds: exit, exit_group */
	CALL_WAITS = 2048,  /* may wait for another process or a device: the log shows it when it begins */
	CALL_LEADS = 4096,  /* what a descriptor or a relative path leads to may be another afterwards, has another name, or is another process's too */
	CALL_STOPS = 8192,  /* may end or stop the process that makes it: the log shows it when it begins */
	CALL_BEGINS = CALL_WAITS | CALL_STOPS
};

/* How an argument is printed. The kinds are listed in argument_kinds.def which names their printers. */
enum argument_kind {
#define KIND(name) ARG_##name,
#include "argument_kinds.def"
#undef KIND
	ARG_COUNT
};

struct syscall_row {
	uint16_t name;       /* offset into the pool of names: no pointer, so no relocation */
	uint16_t flags;      /* CALL_* */
	uint8_t class;       /* enum effect_class */
	uint8_t kinds[6];    /* enum argument_kind; ARG_NONE behind the last */
};

/* One past the highest number that the table can hold; x32 and i386 numbers are never looked up here. */
enum { SYSCALL_LIMIT = 512 };

extern const struct syscall_row syscall_rows[SYSCALL_LIMIT] __attribute__((visibility("hidden")));

/* The row of a number, or NULL when the table has none. number: the kernel's, of this processor. */
static inline const struct syscall_row *syscall_row(uint64_t number)
{
	/* An offset of 0 means that there is no row: offsets are kept plus one. */
	return number < SYSCALL_LIMIT && syscall_rows[number].name ? &syscall_rows[number] : NULL;
}

/* Which argument is the call's first path: its index, or -1. */
int syscall_path_argument(const struct syscall_row *row);

/* Of a call whose row has one of CALL_BEGINS: do its arguments leave that open? poll with no time, MSG_DONTWAIT, WNOHANG, FUTEX_WAKE, F_GETFL and their like do not, nor does a
 * kill that only asks (signal 0). Pure. */
int syscall_begins(uint64_t number, const uint64_t arguments[6]);

/* Is it shown when it begins, by its row and its arguments? number: below SYSCALL_LIMIT. */
static inline int syscall_is_begun(uint64_t number, const uint64_t arguments[6])
{
	return syscall_rows[number].flags & CALL_BEGINS && syscall_begins(number, arguments);
}

/* The call's name as in the kernel's headers ("openat"), or NULL when the table has none. Static storage. */
const char *syscall_name(uint64_t number);

/* The number of a name, or -1. For options and tests; linear. */
int syscall_number(const char *name, size_t length);

/* Names of errno values ("ENOENT", 1..4095) and signals ("SIGTERM", 1..64); NULL when there is none. Static storage. */
const char *errno_name(unsigned error);
const char *errno_text(unsigned error); /* "No such file or directory", as glibc's strerror in the C locale */
const char *signal_name(unsigned signal);

#endif
