/* The log's text, in strace's look. Freestanding: no libc, no allocation, no locale; safe in any thread and in signal handlers.
 *
 * Everything is written through a bounded struct text: what does not fit is cut and `cut` is set, never overrun. The bytes between `at` and
 * `end` are a call's to use: the program's memory is read into them. */
#ifndef FORMAT_TEXT_H
#define FORMAT_TEXT_H

#include "syscalls.h"

struct text {
	char *at;   /* next byte to write; start <= at <= end */
	char *end;
	int cut;    /* something did not fit */
};

/* The program's memory, which may be unmapped at any time: read() copies up to `size` bytes from address `from` to `to` and
 * returns how many (fewer at the end of a mapping), or a negative errno when nothing could be read. It never faults. */
enum { VECTOR_LIMIT = 32 }; /* of a vector of buffers so many are shown */
enum { TEXT_SPARE = 1024 }; /* room for what stands behind a line's last string */

struct text_memory {
	long (*read)(const struct text_memory *self, void *to, uint64_t from, size_t size);
	size_t spare; /* strings and lists end in an ellipsis where no more room is left on the line: a line that is too long ends as others do. 0: it is cut */
	size_t data; /* bytes of each buffer to print, 0: none ("\"\"..."), SYSSHIM_DATA */
	/* A string has ended: what was read last, once or by halves, is of no use from address `from` on. NULL: nobody needs to know. */
	void (*cut)(const struct text_memory *self, uint64_t from);
	/* Appends what a descriptor leads to, `</etc/passwd>`: an argument, AT_FDCWD too, or with is_result what the call has returned. NULL: that is
	 * not printed. */
	void (*descriptor)(const struct text_memory *self, struct text *out, int fd, int is_result);
};

struct text_call {
	uint64_t number;
	uint64_t arguments[6];
	int64_t result; /* the kernel's: -errno or a value; only looked at by text_call_leave */
};

/* man 2 syscalls: -1 to -4095 is -errno, all else a value. */
static inline int is_failure(int64_t result)
{
	return result < 0 && result >= -4095;
}

/* `openat(AT_FDCWD, "a", O_RDONLY` up to, not including, the first argument that only the kernel's answer fills (an out buffer).
 * Returns how many arguments were printed, to be given to text_call_leave. No newline. */
unsigned text_call_enter(struct text *out, const struct text_call *call, const struct text_memory *memory);

/* The rest of the arguments from index `printed`, then `) = 3`, `) = -1 ENOENT (No such file or directory)`, `) = ?` for a call that
 * does not return, `) = 0x7f...` for addresses. No newline. */
void text_call_leave(struct text *out, const struct text_call *call, unsigned printed, const struct text_memory *memory);

/* `read`; syscall_0x1f4 for one that is not in the table. */
void text_call_name(struct text *out, const struct text_call *call);
/* The same for a row of a table of SYSCALL_LIMIT calls, the last of which is of all numbers from there on: `other`. */
void text_row_name(struct text *out, unsigned row);

/* `<... read resumed>` and what follows the name when another thread's line came in between. */
void text_call_resumed(struct text *out, const struct text_call *call);

/* Lines that are no call, each with its newline: `--- batch of 12 writes, 34 bytes to 3, ended by close <0.000012> ---` (nanoseconds 0: no
 * time), `--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---`, `+++ exited with 0 +++`. */
void text_batch_line(struct text *out, int fd, uint32_t writes, uint32_t bytes, const char *ended_by, uint64_t nanoseconds);
void text_signal_line(struct text *out, int signal, int code, int pid, int uid);
void text_note_line(struct text *out, const char *note, size_t size);

/* ` (INJECTED)`, ` (DELAYED)`: strace's notes behind a result that SYSSHIM_INJECT has changed, or made late. */
void text_injected(struct text *out, int injected, int delayed);

/* Of a string that may have no end within `size` bytes: then `size`. What lies behind its end is read to the next multiple of 8 at most. */
size_t text_length_within(const char *s, size_t size);
/* Is a file of this name, without folders, glibc's ld.so? Run as a program it has no interpreter, and loads us all the same. */
int text_names_loader(const char *name);
/* Is this file AddressSanitizer's runtime, which ends a program that has loaded another library before it (compiler-rt, asan_linux.cpp, IsDynamicRTName)? */
int text_names_asan(const char *path, size_t length);
/* Has a path a part ".."? Where that leads to depends on symbolic links in front of it. */
int text_climbs(const char *path);

/* How many bytes at s are one valid character of UTF-8 (RFC 3629), or 0. */
unsigned text_utf8_length(const unsigned char *s, size_t n);
/* Is such a character one for terminals and not for people: C0, DEL, or C1 (U+0080 to U+009F, of which U+009B is ESC [ to them). */
int text_is_control(const unsigned char *character);
/* In place: each byte of such a one, and each that is no UTF-8, becomes a question mark. */
void text_quieten(char *text, size_t size);

/* The primitives, also used by the summary and by JSON. */
void text_char(struct text *out, char c);
void text_string(struct text *out, const char *s);               /* as is; NUL-terminated */
void text_bytes(struct text *out, const char *s, size_t n);      /* as is */
void text_decimal(struct text *out, int64_t value);
void text_unsigned(struct text *out, uint64_t value);
void text_padded(struct text *out, uint64_t value, unsigned width, char pad); /* right-aligned decimal, at least width */
void text_hex(struct text *out, uint64_t value);                 /* 0x..., lower case */
void text_hex_bytes(struct text *out, const void *bytes, size_t n); /* two digits each */
void text_octal(struct text *out, uint64_t value);               /* 0644: leading zero */
void text_escaped(struct text *out, const char *s, size_t n);    /* the same without the quotation marks */
/* The same where the text goes on with `next` elsewhere. */
void text_escaped_before(struct text *out, const char *s, size_t n, char next);
void text_quoted(struct text *out, const char *s, size_t n);     /* "..." with strace's escapes: \n \t \" \\ \33, octal shortest form */
void text_json_quoted(struct text *out, const char *s, size_t n);/* a valid JSON string for any bytes: invalid UTF-8 bytes become \u00XX */
/* `123.456789` from nanoseconds, with six digits behind the point. */
void text_seconds(struct text *out, uint64_t nanoseconds);
/* Three digits and a unit: "4.1 KiB", "120 us", "3.5 h". width: in a column of a table, right-aligned, with the units below one another, and of times
 * none beyond seconds; 0: in a text. */
void text_size(struct text *out, uint64_t bytes, unsigned width);
void text_duration(struct text *out, uint64_t nanoseconds, unsigned width);

#endif
