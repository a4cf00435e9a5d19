/* Floor 7: what the user asks for in the environment. */
#ifndef SHIM_OPTIONS_H
#define SHIM_OPTIONS_H

#include "sys/settings.h"

/* Reads SYSSHIM_* into `settings`. Returns 1; or 0 when we are to stand aside: disabled, or a value is wrong, which has been said in
 * one line on stderr and is replaced by SYSSHIM_DISABLE for the children. Constructor only. */
int options_read(char **environment);

/* Is this program to be observed? SYSSHIM_APP_INCLUDE and SYSSHIM_APP_EXCLUDE, globs of base names, separated by commas. One that is not
 * passes the recording on to its children. */
int options_wants(char *const *environment, const char *program);

/* Takes our names out, as ld.so takes out its own, where a program has others' rights: what it executes may have them too, and no mark (AT_SECURE)
 * that says so; a path to write to, a tracer to run or an error to inject would be its caller's. */
void options_drop(char **environment);

/* Entries of the file that SYSSHIM_CONFIG names; none in children, which have them as variables. */
char *const *options_config(void);

/* The value of a variable, or NULL. */
const char *options_value(char *const *environment, const char *name);

#endif
