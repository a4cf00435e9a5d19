/* What a snippet sees. A snippet is bare code that uses one call: a file that defines `static void snippet(void)` and opens with the line
 * `logs: NAME`, the system call that its calls are in the log (NAME|NAME: either). It stands in each frame of this folder.
 *
 * CALL(read(fd, buffer, 5)) makes the call and notes `read(fd, buffer, 5) = 5` or `= -1 EBADF`; that a successful call left errno alone is
 * checked too. Around each CALL stand two marks, calls of their own whose path the log shows: between them the log has exactly one line,
 * with the snippet's system call and the same result. Nothing but the call itself may stand in a CALL: what prepares it goes before.
 *
 * Other things that a snippet observed are noted with note() and note_bytes(); all of it is printed by the frame afterwards. What is noted
 * must not differ from run to run. Names of files are relative: the folder is fresh, and what is left in it is compared as well.
 *
 * Further lines at the head of a snippet:
 *   cc: FLAGS                more flags for the compiler
 *   flavours: plain ...      where the call does not map to one system call of the same arguments (default: plain syscall inline)
 *   logs through syscall: NAME   where libc's function makes another system call than the one of its own name */
#ifndef SNIPPET_H
#define SNIPPET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* The linker gathers these rows: no snippet is registered anywhere. */
struct snippet_row {
	const char *name;
	void (*run)(void);
};

static void snippet(void);

#ifdef SNIPPET_NAME
static const struct snippet_row snippet_row __attribute__((section("snippet_rows"), used)) = {SNIPPET_NAME, snippet};
#endif

/* In the frame's object, so that a flavour never changes them. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_bytes(const char *what, const void *bytes, size_t count);
void call_begins(void);
/* `shown`: the result is the same in each run and stands in the log as it is */
long call_ended(const char *text, long result, int shown);

/* A file with this content, open for reading and writing, at offset 0. */
int file_with(const char *name, const char *content);
/* Its content now; note_file notes name, content and size. */
void note_file(const char *name);
/* Two ends of a socket of this type; the first has the given messages waiting. */
void socket_pair(int ends[2], int type);
/* A datagram socket with an address in the folder. */
int socket_at(const char *name, struct sockaddr_un *address);
/* An address that is not mapped, of which the compiler knows nothing. */
void *nowhere(void);
/* The same number, of which the compiler knows nothing. */
long unknown(long number);
/* Takes it out of the mask, whatever the frame has blocked. */
void open_signal(int number);
/* close without a CALL */
void done_with(int fd);

#define CALL(expression) (call_begins(), call_ended(#expression, (long)(expression), 1))
/* for results that differ from run to run, as addresses do: noted is only whether it worked */
#define CALL_UNSHOWN(expression) (call_begins(), call_ended(#expression, (long)(expression), 0))
/* for functions that return nothing */
#define CALL_VOID(expression) (call_begins(), (void)(expression), call_ended(#expression, 0, 1))

/* no libc of today has a function of this name */
#define openat2(...) syscall(__NR_openat2, __VA_ARGS__)

#if defined FLAVOUR_SYSCALL || defined FLAVOUR_INLINE
#include "flavours.h"
#endif

#endif
