/* Floor 1: the folder for recordings that nobody has named, ${XDG_STATE_HOME:-~/.local/state}/sysshim/recordings/YYYYmmddTHHMMSS.uuuuuu-PID (XDG
 * base directory specification; the command looks for the newest there). */
#ifndef SHIM_RECORD_RECORDINGS_H
#define SHIM_RECORD_RECORDINGS_H

#include "../../format/state.h"

enum { RECORDINGS_KEPT = 16 }; /* the newest, and those of which any process runs */

/* Where this process's number means something: a sum of the boot and the pid namespace; 0: not known. */
uint64_t recordings_place(void);

/* Bytes that are free there for this user; ~0: the file system knows no size. */
struct statfs;
uint64_t recordings_room(const struct statfs *s);

/* mkdir(2) with 0700, whatever the umask: 0 or -errno. */
int folder_make(const char *path);

/* A recording that could not be begun goes again; path: of a file that is, or would have been, in it. */
void recordings_unmake(char *path);

/* Makes the folder of a recording that begins at `time` (ns since 1970) with process `pid`, writes its name to `path` (PATH_LIMIT bytes)
 * and takes the oldest away where there are more than RECORDINGS_KEPT and their processes are gone. Returns NULL, or why there is
 * none: a static text. Constructor only. */
const char *recordings_make(char *path, const char *state, const char *home, uint64_t time, int pid);

#endif
