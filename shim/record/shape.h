/* Floor 1: what of a call a record must hold: put together from its row at its first record. */
#ifndef SHIM_RECORD_SHAPE_H
#define SHIM_RECORD_SHAPE_H

#include "../../format/syscalls.h"
#include "../sys/raw.h"

/* What printing it reads of the program's memory. */
enum reads {
	READS_NOTHING,
	READS_PATH,
	READS_SIGNALS, /* a set of them */
	READS_VECTOR,  /* as many pieces as the next argument says */
	READS_PATHS,
	READS_ANSWER,  /* readlink: a path, and where its target is put */
	READS_MORE
};

struct shape {
	uint32_t known : 1, count : 3 /* arguments */;
	uint32_t reads : 3 /* enum reads */, first : 3, second : 3 /* which arguments these are */;
};
_Static_assert(sizeof(struct shape) == 4, "it is stored at once");

/* Whoever makes one makes the same one, in one store. */
extern struct shape shapes[SYSCALL_LIMIT];
struct shape shape_make(uint64_t number);

/* Any context, after the settings were read. */
static inline struct shape shape_of(uint64_t number)
{
	if (unlikely(number >= SYSCALL_LIMIT) || unlikely(!shapes[number].known))
		return shape_make(number);
	return shapes[number];
}

#endif
