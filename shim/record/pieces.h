/* Floor 1: pieces of the program's memory that stand in a record behind its call (struct record_memory): read as they lie where nobody can take them
 * away, else copied by the kernel. */
#ifndef SHIM_RECORD_PIECES_H
#define SHIM_RECORD_PIECES_H

#include "shape.h"
#include "../../format/text.h"

struct process;

/* In what sizes the pieces are asked for; second 0: there is one; first 0: they go the other way. */
struct pieces {
	uint32_t first, second;
};

/* how: as that of the record, its kind in the lowest byte. */
struct pieces pieces_of(const struct text_call *call, unsigned how, struct shape shape);

/* To `to`: a string with its NUL (is_string, at most `size`), or `size` bytes. What is behind it; NULL: it is not there, or longer. Any context. */
char *pieces_take(const struct process *p, char *to, uint64_t from, size_t size, int is_string);

#endif
