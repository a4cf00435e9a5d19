/* Where the names that processes used led: their working folders and descriptors, followed through a recording. Nothing is asked of the file
 * system, which may have changed since. */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include "path_text.h"
#include "recording.h"
#include "../format/json.h"

struct places;

struct places *places_make(struct recording *r);
void places_free(struct places *p);

/* Every event of the recording has to pass here once, in order, before anything of it is resolved; what its call changes is changed by places_after.
 * 1: it is the first of its file. */
int places_before(struct places *p, const struct event *e);
void places_after(struct places *p, const struct event *e, const struct text_call *call, const struct recorded_memory *memory);

/* The absolute path of `given` for a call of this event, by the folder or descriptor that it was relative to at that moment, without `.` and doubled
 * slashes; `..` stays where what it means depends on symbolic links. 0: that folder is not known; the path begins with "?/". */
int places_resolve(struct places *p, const struct event *e, int64_t directory, const char *given, char to[PATH_ROOM]);

/* A renameat2 that leaves both names, each for what the other was for. */
int places_exchange(const struct text_call *call);

/* The path behind a descriptor at this moment; of AT_FDCWD the working folder. NULL: it is not known, or has none. */
const char *places_path(struct places *p, const struct event *e, int fd);

/* How many of the last parts of such a path are known to be folders, where an open with these flags has led there (paths.h). */
unsigned places_real(struct places *p, const struct event *e, int64_t directory, const char *given, uint64_t flags);

/* The call of this event has opened `path` under `fd`; real: places_real. */
void places_opened(struct places *p, const struct event *e, int fd, const char *path, unsigned real, void *owner, int closes_at_exec);
/* What was put there for that descriptor; NULL: nothing that is known. */
void *places_owner(struct places *p, const struct event *e, int fd);

/* The process of an event: a vfork child's is its own, though its calls stand in its parent's file. */
int places_pid(struct places *p, const struct event *e);
/* The same as a number that no other process has. thread: of the event's file; 0: whose event it is. */
int places_process(const struct places *p, const struct event *e, int thread);

/* So many processes have changed their root folder, or the mounts that they see: their paths are as they saw them. */
unsigned places_elsewhere(const struct places *p);

/* How often a file's descriptor was asked for where another process may have changed what it means (CLONE_FILES). */
uint64_t places_not_known(const struct places *p);

#endif
