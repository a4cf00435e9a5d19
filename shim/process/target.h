/* Floor 2: can the program that is about to be executed load us? */
#ifndef SHIM_PROCESS_TARGET_H
#define SHIM_PROCESS_TARGET_H

#include "../sys/raw.h"

/* enum unfollowed for an execve or execveat, or -1 when it can or when that is not known. Opens the file for a moment. */
int target_unfollowed(const struct call *call);
/* The same in a child of our own that has a table of descriptors of its own: for who shares his. */
int target_unfollowed_apart(const struct call *call);

/* Counts one more (by 1) or one less (by -1) program started, and under its reason when it is not followed. */
void target_count(int unfollowed, int by);

#endif
