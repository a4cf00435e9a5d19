/* What the two files of printers share. */
#ifndef FORMAT_ARGUMENTS_H
#define FORMAT_ARGUMENTS_H

#include "text.h"

/* NULL, or in hex. */
void text_address(struct text *out, uint64_t value);

/* O_* with the access mode in front; CLONE_* without a signal; a signal's name or number. */
void text_open_flags(struct text *out, uint64_t flags);
void text_clone_flags(struct text *out, uint64_t flags);
void text_signal(struct text *out, uint64_t number);

/* The argument `index`, of a kind that is no number: what lies in the program's memory, or its address. */
void text_memory_argument(struct text *out, const struct text_call *call, unsigned index, enum argument_kind kind,
			  const struct text_memory *memory);

#endif
