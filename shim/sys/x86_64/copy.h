/* Floor 0: a copy out of the program's memory that survives a fault, and a change of one word that a signal handler cannot split. */
#ifndef SHIM_SYS_COPY_H
#define SHIM_SYS_COPY_H

#include <stddef.h>
#include <stdint.h>

/* Copies n bytes, forwards, to memory of ours. 0: done; 1: `from` could not be read (a mapped file was truncated by somebody): then what was
 * copied does not matter. Every load from `from` stands between program_copy and program_copy_end, and a handler that finds the
 * interrupted instruction there continues at program_copy_failed. */
int program_copy(void *to, const void *from, size_t n);
extern const char program_copy_end[], program_copy_failed[];

/* Compare and exchange against signal handlers of this thread only: one instruction, without the bus lock. */
static inline int word_exchange(uint64_t *word, uint64_t old, uint64_t new)
{
	uint8_t same;

	__asm__ volatile("cmpxchgq %3, %1\n\tsete %0" : "=q"(same), "+m"(*word), "+a"(old) : "r"(new) : "memory", "cc");
	return same;
}

#endif
