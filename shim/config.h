/* Floor 7: settings that stand in a file. */
#ifndef SHIM_CONFIG_H
#define SHIM_CONFIG_H

#include "../format/text.h"

/* Reads `NAME = value` lines of `path`; blank lines and those with # in front are none, blanks around both are not theirs, and of two lines of one
 * name the later one counts. Returns SYSSHIM_NAME=value entries, a NULL behind the last, without those that `environment` has too; they
 * stay. NULL: it cannot be, and `why` has what is wrong with it. Constructor only. */
char *const *config_read(const char *path, char *const *environment, struct text *why);

#endif
