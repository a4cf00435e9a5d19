/* Floor 3: can the program that is about to be executed load us? */
#ifndef SHIM_PROCESS_TARGET_H
#define SHIM_PROCESS_TARGET_H

#include "../record/process.h"

/* enum unfollowed for an execve or execveat, or -1 when it can or when that is not known. Opens the file for a moment; where there are threads, or where it is open here
 * already, in a child of our own, which has its own table of descriptors: theirs are not touched, and no lock is lost. */
int target_unfollowed(const struct process *p, const struct call *call);

/* Opens it to read and closes it, in such a child where there are threads: 0, or the error. */
long target_open_for_a_moment(const struct process *p, const char *path);

/* Counts one more (by 1) or one less (by -1) program started, and under its reason when it is not followed. */
void target_count(int unfollowed, int by);

/* Is a descriptor of ours this file? Then it may not be opened and closed for a moment: a process that closes any descriptor of a file loses the locks that it has there
 * (fcntl(2), F_SETLK). Without /proc nobody knows: 1. */
int target_is_open(const char *path);

/* Of a new namespace of pids the first process is its init, with which it ends (pid_namespaces(7)): until there is one the link leads nowhere (kernel/pid_namespace.c,
 * pidns_for_children_get). Then no child of our own is made. Without /proc nobody knows: 1. */
int target_child_is_first(void);

#endif
