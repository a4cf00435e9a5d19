/* The files of a program's start, before the shim was there: what the kernel opened to execute it, and what ld.so opened and looked for. */
#ifndef CLI_LOADER_H
#define CLI_LOADER_H

#include "recording.h"

enum start_call {
	START_EXECUTED, /* the kernel: the file that execve named */
	START_INTERPRETED, /* the kernel: its interpreter, ld.so or a script's */
	START_OPENED,   /* openat */
	START_STAT,     /* newfstatat */
	START_ACCESS,   /* access */
	START_READLINK
};

struct loader;

struct loader *loader_make(void);
void loader_free(struct loader *l);

/* A START or an OBJECT. */
void loader_take(struct loader *l, const struct source *s, const struct record_word *word);

/* There is something to tell: a START was taken, and all its OBJECTs. Calls are told by what ld.so(8) says and glibc 2.31 to 2.41 do (elf/dl-load.c);
 * error: 0 or an errno. 0: not all could be found out, because an object came from where nothing that is recorded says to look. */
int loader_is_ready(const struct loader *l);
int loader_tell(struct loader *l, const struct source *s, void (*tell)(void *self, enum start_call call, const char *path, int error), void *self);

#endif
