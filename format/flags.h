/* Names of flag bits and values; the lists are in flags.def. */
#ifndef FORMAT_FLAGS_H
#define FORMAT_FLAGS_H

#include "text.h"

/* `A|B|0x4`: the bits of `set` (an argument kind of flags.def) that have names, what is left in hex; "0" when there is none. */
void flags_text(struct text *out, enum argument_kind set, uint64_t bits);

/* The same without a "0", and `|` in front when something stands there already: returns the bits that have no name. */
uint64_t flags_names(struct text *out, enum argument_kind set, uint64_t bits, int *any);

/* The name of one value; decimal when it has none. */
void flags_value(struct text *out, enum argument_kind set, uint64_t value);

#endif
