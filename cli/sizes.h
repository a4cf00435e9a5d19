/* Darshan's ten bins of access sizes. */
#ifndef CLI_SIZES_H
#define CLI_SIZES_H

#include <stdint.h>

enum { SIZES = 10 };

/* One more access of so many bytes. */
void sizes_add(uint64_t sizes[SIZES], uint64_t bytes);
/* "0-100" */
const char *sizes_name(unsigned size);
/* "0-100: 3, 1K-10K: 1" behind `before`, and a newline; nothing where there is none. */
void sizes_print(const char *before, const uint64_t sizes[SIZES]);
/* "NAME":{"0-100":3,...} */
void sizes_json(const char *name, const uint64_t sizes[SIZES]);

#endif
