/* Floor 0: a copy out of the program's memory that survives a fault, and a change of one word that a signal handler cannot split. */
#ifndef SHIM_SYS_COPY_H
#define SHIM_SYS_COPY_H

#include <stddef.h>
#include <stdint.h>

/* As x86_64/copy.h has it. */
int program_copy(void *to, const void *from, size_t n);
extern const char program_copy_end[], program_copy_failed[];

static inline int word_exchange(uint64_t *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#endif
