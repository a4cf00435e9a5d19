/* Floor 3: what happens to a process as a whole: birth, fork, exec, signals, loss of rights, death. The gate calls these for the few
 * system calls that concern them; nothing here is on the way of an ordinary call. */
#ifndef SHIM_PROCESS_LIFE_H
#define SHIM_PROCESS_LIFE_H

#include "../batch/batch.h"
#include "../record/process.h"
#include "../sys/raw.h"
#include "../sys/signal_frame.h"

/* In a mask of signals: SIGSYS, and what stands for it while bytes may be buffered (33, glibc's own SETXID; dispositions.h has them by number). */
#define MASK_SYS (1ul << 30)
#define MASK_PROXY (1ul << 32)

/* birth.c. The constructor's part, and a forked child's first entry. life_born returns 0 when the caller is to pass natively (another
 * thread is just being born here). Any context. */
void life_start(struct process *p);
int life_born(struct process *p);

/* exec.c. Makes the call, execve or execveat, with what children need in the environment. Returns the kernel's error. */
long exec_call(struct process *p, const struct call *call);
/* Where ld.so would not find us in the next program; behind a filter of the program's own: whether it would not have when that was installed. */
int exec_is_out_of_reach(const struct process *p);
/* exec_call in two halves, for an exec that libc makes by a name of its own: the environment to hand on (NULL: the given one), and what follows
 * when it has not succeeded. */
uint64_t *exec_by_libc(struct process *p, uint64_t environment);
void exec_failed(struct process *p, uint64_t *copy);

/* children.c. A call that makes a child or a thread; flags as of clone(2). */
uint64_t children_flags(const struct call *call, uint64_t *stack);
void children_share(uint64_t flags); /* who has our descriptors is remembered, here and in the child */
void children_before(struct process *p, uint64_t flags);
void children_after(struct process *p, uint64_t flags, long result);

/* signals.c. The program's view of its dispositions stays its own while the terminating ones lead to us. */
void signals_start(struct process *p);
long signals_action(struct process *p, const struct call *call);
/* One that sends a signal, in the kernel's place. */
long signals_send(struct process *p, const struct call *call);
/* May a default that ends the process lead to us? */
int signals_have_holder(void);
long signals_stack(struct process *p, const struct call *call);
void signals_hook(struct process *p);
void signals_unhook(struct process *p);
void signals_first_pid(struct process *p); /* process 1 of a namespace: what would kill others does not kill it */
void signals_share(struct process *p); /* there will be threads */

/* The same for coalescing. Called with signals blocked: hooks, masks and alternate stack as arm.c needs them, or why not; and back, where
 * *mask is the mask that will be restored. */
enum let_go signals_arm(void);
void signals_disarm(uint64_t *mask);
void signals_knows_frames(uint64_t least); /* AT_MINSIGSTKSZ. Constructor only */
void signals_catch(void *handler);         /* SIGSYS */
int signals_are_caught(const void *handler);
/* While bytes may be buffered SIGTSTP, and a fault whose signal is ignored, flush first. Off before a call that waits: a handler would end it. */
void signals_dirty(int on);
uint64_t signals_real_mask(uint64_t view);
uint64_t signals_view_mask(uint64_t real);
enum let_go signals_objection(const struct call *call); /* to an rt_sigaction that the program makes */
int signals_stack_is_small(void);
int signals_run_on(uint64_t address); /* the program's own, while armed */
int signals_stack_overlaps(uint64_t from, uint64_t size); /* the alternate stack */
/* The program's rt_sigreturn: SIGSYS stays open, the alternate stack the one that is in force. */
void signals_returning(struct signal_frame *frame);
void signals_leave(struct signal_frame *frame); /* let go within a handler of ours */
/* After letting go, before the program asks for its alternate stack; for its mask, and before somebody gets that mask, or a signal is sent. */
void signals_repair_stack(void);
void signals_repair_mask(void);
int signals_mask_may_be_wrong(void);
/* Those of `held` that end a call that waits: who have a handler of the program's (bit 0: signal 1), and CAME_ENDS where one has no SA_RESTART. To be asked while
 * they are held back: a handler may set another one. Any context. */
#define CAME_ENDS (1ul << 30) /* in the place of SIGSYS, which is none of them */
uint64_t signals_came(uint64_t held);

/* masks.c: calls that take or give a set of signals, while armed. */
long masks_call(const struct call *call);
/* The set of signals that the program gives to it, as a mask or to wait for. 0: none. */
uint64_t masks_given(const struct call *call);
enum let_go masks_objection(const struct call *call);

/* arm.c. The handler of SIGSYS and our own text, known since birth; arm() returns 1 when bytes may be buffered from now on. */
typedef void arm_handler(int signal, struct signal_information *information, struct signal_frame *frame);
void arm_know(arm_handler *handler, uint64_t text, uint64_t text_size);
int arm_in_text(uint64_t address);
int arm(struct process *p, struct batch *b);
void arm_watch(struct process *p, struct batch *b); /* SYSSHIM_DISPATCH=always: arms where it can be, else the next call asks again */
enum reach {
	REACH_NOW,     /* the next burst may arm again */
	REACH_PROCESS, /* over for this process */
	REACH_FAMILY   /* and for what it forks */
};
/* frame: of the SIGSYS handler that calls, else NULL. b->held: see there. */
void arm_let_go(struct process *p, struct batch *b, enum let_go why, enum reach reach, struct signal_frame *frame);
void arm_before_child(const struct batch *b); /* one with its own memory */
void arm_in_child(uint64_t *mask); /* signals blocked; *mask will be restored */
void arm_before_exec(struct process *p);
/* One foreign instruction is executed where it stands; then all is asked anew. */
void arm_look_away(struct batch *b, uint64_t child_flags);
void arm_look_again(struct process *p, struct batch *b);
int arm_is_blocking(void);
/* Do foreign calls trap now? */
int arm_is_ready(void);

/* latency.c */
#define LATENCY_VALUE 0x5ca1ab1eull
int latency_create(struct batch *b);
void latency_delete(struct batch *b);
int latency_start(struct batch *b); /* 0: the processor's own signals are blocked, which a copy may raise */
void latency_stop(struct batch *b);
void latency_stop_blocked(struct batch *b); /* signals are blocked */
void latency_tick(struct process *p, struct batch *b);

/* rights.c. Before the program gives up what the record needs; seal returns 1 when the call is the installation of a filter. Unseal: it has failed, or who installed it was a vfork child and
 * has gone. */
void rights_reserve(struct process *p, const struct call *call);
/* Behind a call that may have limited the address space; in front of one that locks all of it. */
void rights_narrow(struct process *p, const struct call *call);
void rights_lock(struct process *p, const struct call *call);
int rights_seal(struct process *p, const struct call *call);
void rights_unseal(struct process *p);

/* death.c */
void death_exit(struct process *p, unsigned status);
void death_destructor(struct process *p); /* the status is not known */
void death_signal(struct process *p, int signal, const void *information);
/* Publishes ahead of what may not come back (how: "exec", "filter installed", "killed by" status); taken back when it does. */
void death_provisional(struct process *p, const char *how, unsigned status);
void death_take_back(struct process *p);
/* Descriptor 2 is about to be closed: if the program is inside exit(), this is the last moment for the summary. */
void death_stderr_closing(struct process *p);
/* Where libc's exit() and fclose() stand; 0 when it is not known. Constructor only. */
void death_know_exit(uint64_t exit_start, uint64_t exit_size, uint64_t fclose_start, uint64_t fclose_size);

#endif
