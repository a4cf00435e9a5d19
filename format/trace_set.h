/* Which calls are logged, in the words of strace's -e trace=. */
#ifndef FORMAT_TRACE_SET_H
#define FORMAT_TRACE_SET_H

#include "syscalls.h"

/* Reads a list of names, ?names, %classes, all, none, with ! in front for the opposite, into a set of numbers (all others are outside).
 * Returns 0; or -1 with *wrong at the word that is not known. Pure. */
int trace_set_parse(uint64_t set[SYSCALL_LIMIT / 64], const char *spec, const char **wrong);
/* The same of the first `size` bytes. */
int trace_set_parse_until(uint64_t set[SYSCALL_LIMIT / 64], const char *spec, size_t size, const char **wrong);

/* Is it in the set? A number that no set can name is in each. */
static inline int trace_set_has(const uint64_t set[SYSCALL_LIMIT / 64], uint64_t number)
{
	return number >= SYSCALL_LIMIT || (set[number / 64] >> (number % 64) & 1);
}

#endif
