/* Floor 6: an object that ld.so has loaded, and its text for patching: where it stands, or a copy that is put in its place. Constructor, and a
 * later mapping of code (rewrite.c). */
#ifndef SHIM_INTERCEPT_OBJECT_H
#define SHIM_INTERCEPT_OBJECT_H

#include "forms.h"

#include <stddef.h>

enum { PAGE = 4096 };

struct object {
	uint64_t holds;      /* an address in it: what is looked for */
	const char *path;
	struct text_range text;
	uint64_t offset;     /* of the text in the file */
	const Elf64_Phdr *note; /* the segment with the build-id */
	uint64_t note_address;
	const void *build_id;   /* NULL: not of the usual size */
	size_t size;            /* of the text in whole pages; 0: not patched */
	long file, memory;      /* its file, and the process's memory as one or -1, from object_open to object_close */
	int has_many_pages;     /* to be patched: it is worth asking dearly whether they may be read without the kernel */
	int is_of_file;         /* what stands in memory is the file's, and may be read: as long */
	const Elf64_Sym *any;   /* syscall(); NULL: not here */
	int needs_one_place;    /* without a site of those that carry calls of any number (form_is_any_number) none is worth it */
};

static inline const unsigned char *page_start(const unsigned char *at)
{
	return (const void *)((uint64_t)at & ~(uint64_t)(PAGE - 1));
}

/* The object that holds o->holds, which is filled in. 0: there is none, or it has no code. */
int object_find(struct object *o);

/* The text where it stands, for patching: through /proc/self/mem (o->memory: object_read and object_write), or, where that is not to be had or not wanted, as memory:
 * o->text.copy is the text itself, and nobody may execute it before object_close. For a process of one thread, with signals blocked. NULL, or why it cannot be, and nothing
 * has changed. */
const char *object_open(struct object *o, int may_through_memory);
/* `size` bytes at `at` in the text: 1, or 0. Reading touches no page that is not there yet. */
int object_read(const struct object *o, void *to, uint32_t at, size_t size);
int object_write(const struct object *o, const void *from, uint32_t at, size_t size);
/* NULL, or that the kernel refuses now what it has allowed before; then the text is the file's. */
const char *object_close(const struct object *o);

/* Maps the file's text for writing. 0: it cannot be, or the file is not the one that is loaded. */
int object_copy(struct object *o);
int object_copy_from(struct object *o, long fd);

/* The copy stands where the text stood; or it is gone, and 0. */
int object_move(const struct object *o);
void object_drop(const struct object *o);

/* Which of an object's sites. */
enum want {
	WANT_HOT,    /* I/O, files, directories, processes, signals */
	WANT_MOST,   /* where nobody sees what is called: the pages that pay. While something is buffered the calls of the others trap */
	WANT_ALL,
	WANT_CERTAIN /* objects whose code we do not know: those that cannot be anything else */
};

/* Room for a page of text, or for what the kernel says of its pages. */
extern uint64_t object_room[(PAGE + 2 * PIECE_SIZE) / 8];

/* Turns the sites of o->text.copy into jumps and counts them. NULL, or why none was; object_unwritable: try without /proc/self/mem. */
extern const char object_unwritable[];
const char *patch_sites(const struct object *o, enum want want);

/* Tables of sites that an earlier scan has found (cache.c): the number of rows, 0: none that can be trusted. */
uint32_t cache_load(const struct object *o, struct site_row *rows, uint32_t most);
void cache_store(const struct object *o, const struct site_row *rows, uint32_t count);

#endif
