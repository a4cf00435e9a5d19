/* Floor 3: the environment that a program gets by exec. The caller's is read and a copy is given to the kernel, so its own array is never changed; behind
 * the program's own entries the copy has one variable that names the recording, LD_PRELOAD with our absolute path, and the SYSSHIM_ variables of our
 * birth, as far as the program has dropped them. All of that is hidden again before the new program looks. With SYSSHIM_FOLLOW=off LD_PRELOAD loses
 * our entry instead. */
#ifndef SHIM_PROCESS_EXEC_ENVIRONMENT_H
#define SHIM_PROCESS_EXEC_ENVIRONMENT_H

#include "../record/process.h"

/* own_path: as ld.so found us; NULL: not by LD_PRELOAD, children are not followed. config: more entries of that kind, which are nobody's variables yet. Constructor only. */
void exec_start(char *const *environment, char *const *config, const char *own_path);

/* A copy of the environment at `theirs`, in memory of exec_memory_take; NULL: the program's own has to do. follow: it brings us along, else it loses
 * us. asan: the program needs libasan.so.N as its first library, and ends where another comes before; 0 and less: it does not. Any context. */
uint64_t *exec_environment(struct process *p, uint64_t theirs, int follow, int asan);

/* As exec_start was told. */
const char *exec_own_path(void);

#endif
