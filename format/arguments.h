/* What the two files of printers share. */
#ifndef FORMAT_ARGUMENTS_H
#define FORMAT_ARGUMENTS_H

#include "text.h"

/* NULL, or in hex. */
void text_address(struct text *out, uint64_t value);

/* The argument `index`, of a kind that is no number: what lies in the program's memory, or its address. */
void text_memory_argument(struct text *out, const struct text_call *call, unsigned index, enum argument_kind kind,
			  const struct text_memory *memory);

#endif
