/* Floor 2: what happens to a process as a whole: birth, fork, exec, signals, loss of rights, death. The gate calls these for the few
 * system calls that concern them; nothing here is on the way of an ordinary call. */
#ifndef SHIM_PROCESS_LIFE_H
#define SHIM_PROCESS_LIFE_H

#include "../record/process.h"
#include "../sys/raw.h"

/* birth.c. The constructor's part, and a forked child's first entry. life_born returns 0 when the caller is to pass natively (another
 * thread is just being born here). Any context. */
void life_start(struct process *p);
int life_born(struct process *p);

/* exec.c. Makes the call, execve or execveat, with what children need in the environment. Returns the kernel's error. */
void exec_start(char *const *environment, const char *own_path);
long exec_call(struct process *p, const struct call *call);
/* A vfork child has gone: give back what its exec took in our memory. */
void exec_child_gone(struct process *p);

/* children.c. A call that makes a child or a thread; flags as of clone(2). */
uint64_t children_flags(const struct call *call, uint64_t *stack);
void children_before(struct process *p, uint64_t flags);
void children_after(struct process *p, uint64_t flags, long result);

/* signals.c. The program's view of its dispositions stays its own while the terminating ones lead to us. */
void signals_start(struct process *p);
long signals_action(struct process *p, const struct call *call);
long signals_stack(struct process *p, const struct call *call);
void signals_hook(void);
void signals_unhook(void);

/* rights.c. Before the program gives up what the record needs; seal returns 1 when the call is the installation of a filter. */
void rights_reserve(struct process *p);
int rights_seal(struct process *p, const struct call *call);
void rights_unseal(struct process *p);

/* death.c */
void death_exit(struct process *p, unsigned status);
void death_destructor(struct process *p); /* the status is not known */
void death_signal(struct process *p, int signal, const void *information);
/* Publishes ahead of an exec that may not come back; taken back when it does. */
void death_provisional(struct process *p);
void death_take_back(struct process *p);
/* Descriptor 2 is about to be closed: if the program is inside exit(), this is the last moment for the summary. */
void death_stderr_closing(struct process *p);
/* The address range of libc's exit(); 0 when it is not known. Constructor only. */
void death_know_exit(uint64_t start, uint64_t size);

#endif
