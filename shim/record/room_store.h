/* Floor 1: what room.c asks of where records stay. Signals are blocked and the room's lock is held, but for who is alone. */
#ifndef SHIM_RECORD_ROOM_STORE_H
#define SHIM_RECORD_ROOM_STORE_H

#include "room.h"

enum { ROOM_IN_MEMORY = 32 /* full chunks of a program whose recording nobody asked for, and that lies in memory */ };

/* File offsets: of the chunks that are filled, and of the places where full ones stay. */
static inline uint64_t room_chunk(uint64_t n)
{
	return RECORD_DATA + n * RECORD_CHUNK;
}

static inline uint64_t room_kept(uint64_t n)
{
	return room_chunk(RECORD_STAGING + n);
}

/* The pages up to file offset `end` are there: 1, or 0. */
int room_make_ready(struct process *p, uint64_t end);
/* A full chunk goes where it stays. */
void room_keep(struct process *p, const struct record_chunk *chunk);
/* One that begins at file offset `at`, where the window is not stored into. is_fresh: what stands there is another one's. */
void room_copy_chunk(struct process *p, uint64_t at, int is_fresh);

#endif
