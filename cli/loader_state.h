/* The loader's replay (loader.h) between its files: loader.c, what the records say and what is told; loader_search.c, the search for one library;
 * loader_folders.c, where it looks. */
#ifndef CLI_LOADER_STATE_H
#define CLI_LOADER_STATE_H

#include "loader.h"

#include <limits.h>

enum { MOST = 512, NAMES = 128, FOLDERS = 64, SUBFOLDERS = 40, LEVELS = 3, INTEL = 8 };

struct loaded {
	char *texts; /* of the record, copied */
	const char *path, *soname, *rpath, *runpath, *needed[NAMES];
	unsigned needed_count;
	uint64_t flags;
	int parent;          /* index of who needed it; -1 */
	const char *alias;   /* the name under which it was searched for */
	int is_claimed;
};

/* A folder of a search list with what is known of its subfolders. */
struct folder {
	char path[PATH_MAX];
	uint8_t known[SUBFOLDERS]; /* 0, EXISTS, MISSING */
};
enum { EXISTS = 1, MISSING };

struct loader {
	char *start; /* START's texts, copied; NULL: none yet */
	const char *directory; /* the working one at birth; "": not known */
	const char *version, *file, *interpreter, *exe, *platform, *origin;
	/* Where ld.so was executed: itself (else NULL), and what its options say. */
	const char *loader, *program, *library_path, *preloads;
	int inhibits_cache;
	uint32_t levels;
	int preload_file;
	struct loaded objects[MOST];
	unsigned count;
	struct folder folders[FOLDERS];
	unsigned folders_count;
	char subfolders[SUBFOLDERS][64];
	unsigned subfolders_count;
	uint32_t cache_then; /* as START has it */
	int cache_told, is_whole;
	void (*tell)(void *self, enum start_call call, const char *path, int error);
	void *self;
};

/* Told to who reads: the path is printed. */
void loader_says(struct loader *l, enum start_call call, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Of the environment at birth, NULL: it is not there. */
const char *loader_variable(const struct source *s, const char *name);
const char *loader_library_path(const struct loader *l, const struct source *s);

/* The shim itself is no part of what the program would open without it. */
int loader_is_ours(const char *path);
const char *loader_base(const char *path); /* behind the last slash */

/* glibc-hwcaps from 2.33 on; up to 2.36 all subsets of what the processor is, in the order of elf/dl-hwcaps.c; the folder itself, last. */
void loader_find_subfolders(struct loader *l);
/* $ORIGIN, $LIB and $PLATFORM, with and without braces. */
void loader_expand(const struct loader *l, const char *from, size_t length, const char *origin, char to[PATH_MAX]);
/* The folder of an object; of a relative path as ld.so makes it absolute, which leaves what it finds (elf/dl-object.c). */
void loader_origin(const struct loader *l, int index, char to[PATH_MAX]);
/* A list with colons (and semicolons, in the variable), the lists' tokens those of an object; and the folders that glibc was built with: was it found in one of them? */
int loader_try_list(struct loader *l, const char *list, const char *separators, int index, const char *name, const char *found);
int loader_try_defaults(struct loader *l, const char *name, const char *found);
/* Does this file lie below one of them? */
int loader_is_default(const struct loader *l, const char *path);

/* What one object needs, by its name there; all lists of preloads. */
void loader_search(struct loader *l, const struct source *s, int by, const char *name);
void loader_preloads(struct loader *l, const struct source *s);

#endif
