/* Floor 7: the table of options and what their values mean. For options.c, which reads the environment; constructor only. */
#ifndef SHIM_OPTION_VALUES_H
#define SHIM_OPTION_VALUES_H

#include <stddef.h>

/* By index, from 0 on; NULL behind the last. Static storage. */
const char *option_name(unsigned option);
/* Has it the name that these `length` bytes are? */
int option_is(unsigned option, const char *word, size_t length);
/* Its value goes to `settings`: NULL; or what is allowed in its place. Static storage. */
const char *option_take(unsigned option, const char *value);

/* Before any value is taken, and behind the last: what follows from several. is_first: of this recording's processes. */
void options_default(void);
void options_settle(int is_first);

#endif
