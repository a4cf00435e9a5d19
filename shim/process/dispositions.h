/* What signals.c, dispositions.c, signal_handlers.c and signal_stack.c share: what the program has set, and what the kernel has in its place. */
#ifndef SHIM_PROCESS_DISPOSITIONS_H
#define SHIM_PROCESS_DISPOSITIONS_H

#include "life.h"

enum { SIGNALS = 64, SET = 8, STACK_SIZE = 64 << 10, SET_MASK = 2, STACK_SPARE = 4096 };
enum { TRAP = 5, BUS = 7, KILL = 9, SEGV = 11, CONT = 18, STOP = 19, TSTP = 20, BY_TIMER = -2 /* SI_TIMER */, BY_THREAD = -6 /* SI_TKILL */, MEMORY_LATER = 5 /* BUS_MCEERR_AO */, IO = 29, SYS = 31, PROXY = 33 };
#define ON_STACK 0x08000000ul
#define RESTART 0x10000000ul
#define RESTORER 0x04000000ul
#define ONE_SHOT 0x80000000ul
#define SIGINFO 4ul
#define SIGNAL_IGNORED ((void *)1)
/* What the kernel keeps of sa_flags (include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h; Linux 5.11). */
#define KNOWN_FLAGS (0xde000807ul)
#define BIT(signal) (1ul << ((signal) - 1))
/* KILL and STOP cannot be caught; CHLD CONT STOP TSTP TTIN TTOU URG WINCH do not end a process (signal(7)); 32 and 33 are glibc's. */
#define NOT_HOOKED (BIT(9) | BIT(19) | BIT(17) | BIT(18) | BIT(20) | BIT(21) | BIT(22) | BIT(23) | BIT(28) | BIT(32) | BIT(33))
#define FAULTS (BIT(SEGV) | BIT(BUS) | BIT(4) | BIT(5) | BIT(8)) /* and ILL, TRAP, FPE: the processor's own */
#define UNMASKABLE (BIT(9) | BIT(19))
#define NOT_PROGRAMS (BIT(SYS) | BIT(32) | BIT(PROXY)) /* glibc's for threads, and what we use */
_Static_assert(CAME_ENDS == BIT(SYS), "no other signal's bit");

struct action { /* struct kernel_sigaction of x86-64 */
	void *handler;
	uint64_t flags;
	void *restorer;
	uint64_t mask;
};

enum holder {
	HOLD_RECORD = 1, /* a file was asked for */
	HOLD_BATCH = 2   /* bytes may be buffered */
};

struct signals {
	uint8_t holders;         /* who needs the hooks; 0: the kernel has what the program has set */
	uint8_t hooked;          /* they stand; between a vfork and its child's end they do not */
	uint8_t was_proxied;     /* it has been so at some time */
	uint8_t proxied;         /* signal 33 stands for SIGSYS in every mask of the program */
	uint8_t stood_in;        /* it has done so in one at some time: a frame of a handler may still hold it */
	uint8_t stack_installed; /* our alternate stack is in force, because the program has none */
	uint8_t dirty;           /* bytes may be buffered: SIGTSTP, SIGCONT and the ignored faults lead to us */
	uint8_t disarms;         /* the program has had an alternate stack that is none while a handler runs on it (SS_AUTODISARM): ours would run wherever that one has gone */
	uint64_t ignored;        /* fault signals that the program ignores */
	void *stack;             /* ours; never given back */
	uint64_t stack_least;    /* an alternate stack of the program must have this size, whatever registers it uses */
	uint64_t own_at, own_size; /* the program's alternate stack, as known since all was armed; 0: it has none */
	struct action view[SIGNALS + 1]; /* of hooked signals: flags, mask and restorer that the program gave with SIG_DFL */
	uint64_t fatal, others;  /* where signal_on_fatal stands, and where something that is neither that nor the default, as far as we know */
	uint64_t on_stack;       /* signals whose handlers lost SA_ONSTACK */
	uint64_t masks_sys, masks_proxy; /* signals whose sa_mask has SIGSYS, 33 in the program's view */
};
extern struct signals signals __attribute__((visibility("hidden")));

void signal_return(void); /* entry.S */

/* A handler of ours, as the kernel has it then. */
static inline struct action our_action(void *handler)
{
	return (struct action){handler, ON_STACK | RESTART | RESTORER | SIGINFO, signal_return, ~UNMASKABLE};
}

static inline long set_action(int signal, const struct action *action, struct action *old)
{
	return RAW(__NR_rt_sigaction, signal, action, old, SET);
}

static inline int is_handler(const void *handler)
{
	return handler > (const void *)1;
}

/* Of a mask from when signal 33 stood for SIGSYS what the program has set. One with 32 has 33 as well: it is glibc's own. */
static inline uint64_t mask_repaired(uint64_t mask)
{
	return mask & BIT(PROXY) && !(mask & BIT(32)) ? (mask & ~BIT(PROXY)) | BIT(SYS) : mask;
}

/* dispositions.c. What the program would read back of what is in the kernel; what it means for coalescing; and the kernel's dispositions are brought to what the present state asks
 * for (signals blocked by the caller, or one thread). */
struct action disposition_seen(int signal, const struct action *real);
enum let_go disposition_objection(int signal, const struct action *action);
void dispositions_apply(void);

/* signal_handlers.c: in front of the program's handlers for faults while armed; where a default would end the process; for SIGTSTP. */
void signal_on_fault(int signal, struct signal_information *information, struct signal_frame *frame);
void signal_on_fatal(int signal, void *information, void *context);
void signal_on_stop(int signal, void *information, void *context);

/* signal_stack.c. The program's alternate stack is this one, as it sees it. */
void signals_own_stack(const struct signal_stack *now);
/* Is this one, or was one before, of those that are none while a handler runs on them? */
int signal_stack_disarms(const struct signal_stack *now);
/* Our alternate stack is in force: 1; is this address on it? */
int signal_stack_install(void);
int signal_stack_is_less(uint64_t size); /* than one of the program must have, by what this process may use now? */
int signal_stack_is_ours(uint64_t address);
/* Frames of handlers from `from` on, up the stack, forget our alternate stack, and signal 33 in the place of SIGSYS. */
void signal_frames_forget(uint64_t from);

#endif
