/* Floor 1: descriptor 2, the one place where the shim may speak while it lives in someone else's process. */
#ifndef SHIM_RECORD_BIRTH_STDERR_H
#define SHIM_RECORD_BIRTH_STDERR_H

#include <stddef.h>

/* Remembers which file descriptor 2 is. Constructor only. */
void birth_stderr_remember(void);

/* Writes only while descriptor 2 is still that file, and to a pipe or socket only what fits without waiting (POLLOUT, at most 4,096
 * bytes at a time). Signals are blocked by the caller; a SIGPIPE, SIGXFSZ or SIGTTOU that the write raises is taken back. 0 when all
 * was written, else -errno. */
int birth_stderr_write(const char *text, size_t size);

/* One line of complaint, "sysshim: ...\n"; parts is a NULL-terminated list. Constructor only. */
void birth_stderr_complain(const char *const *parts);
#define COMPLAIN(...) birth_stderr_complain((const char *const[]){__VA_ARGS__, NULL})

#endif
