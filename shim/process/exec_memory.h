/* Floor 3: memory for the environment of an exec (exec_environment.h). A vfork child takes it in its parent's memory and does not come back when the exec
 * succeeds: each piece has an owner's number, by which it is found again. Any context. */
#ifndef SHIM_PROCESS_EXEC_MEMORY_H
#define SHIM_PROCESS_EXEC_MEMORY_H

#include "../record/process.h"
#include "tracer.h"

/* Of a piece: pointers in front, text behind, then what a tracer needs. */
enum {
	EXEC_ENTRY_LIMIT = 64 << 10,
	EXEC_POINTERS = 1 << 16,
	EXEC_POINTER_BYTES = EXEC_POINTERS * 8,
	EXEC_TEXT_BYTES = 4 * EXEC_ENTRY_LIMIT,
	EXEC_MEMORY_BYTES = EXEC_POINTER_BYTES + EXEC_TEXT_BYTES + TRACER_ROOM
};
/* Of the spare one, which has no room for a tracer. */
enum { EXEC_SPARE_POINTERS = 512, EXEC_SPARE_BYTES = 12 << 10 };

/* EXEC_MEMORY_BYTES, or the spare one; NULL: there is none. */
void *exec_memory_take(struct process *p);
/* The caller's own, or NULL. */
void exec_memory_give(struct process *p, void *at);
int exec_memory_is_spare(const void *at);

/* A vfork child has gone: give back what its exec took in our memory. child: its pid; 0: not known, and there is no other; < 0: there was none. */
void exec_child_gone(struct process *p, int32_t child);
/* One comes that borrows our memory, and for whose time we do not sleep: nobody tells us when it has gone. What others of its kind have left is given back. */
void exec_children_come(struct process *p);
/* None that borrows our memory is there any more. */
void exec_no_children(struct process *p);

/* The part for a tracer, of one that is not the spare. */
static inline char *exec_memory_for_tracer(void *at)
{
	return (char *)at + EXEC_POINTER_BYTES + EXEC_TEXT_BYTES;
}

#endif
