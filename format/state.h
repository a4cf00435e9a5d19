/* Where recordings lie that nobody has named a place for, and how they are called: what the shim makes and the command finds. Freestanding, as
 * text.h. */
#ifndef FORMAT_STATE_H
#define FORMAT_STATE_H

#include "text.h"

/* ${XDG_STATE_HOME:-$HOME/.local/state} (XDG base directory specification: a relative path is to be ignored) and `rest` behind it; either may be
 * NULL. 0: neither is an absolute path, or it does not fit (out->cut). HOME=/ is none: the kernel gives it to its first program (init/main.c, envp_init), whose recording would
 * hold the root file system until the machine is off, so that it could not be mounted read-only before. */
int state_path(struct text *out, const char *state_home, const char *home, const char *rest);

/* A type of statfs(2) of which each chunk of records would be a message to a server, and one that does not answer a program that stands still: nothing is recorded there that nobody has asked for. */
int state_is_remote(uint64_t type);

#define STATE_RECORDINGS "/sysshim/recordings"

/* YYYYmmddTHHMMSS.uuuuuu-PID in UTC, so that the order of names is that of time; time: ns since 1970. */
void state_recording_name(struct text *out, uint64_t time, int pid);
/* The process in such a name; 0: it is none. */
int state_recording_pid(const char *name);

/* A process number's digits at *at, which then stands behind them. */
int state_number(const char **at);

#endif
