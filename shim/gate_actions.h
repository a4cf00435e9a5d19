/* Floor 5: what the gate does with a number besides counting it, and which calls may take one of its short ways. */
#ifndef SHIM_GATE_ACTIONS_H
#define SHIM_GATE_ACTIONS_H

#include "record/process.h"
#include "../format/syscalls.h"

/* What a number asks of us besides counting. */
enum action {
	ACTION_NONE,
	ACTION_EXIT,
	ACTION_EXEC,
	ACTION_CHILD,
	ACTION_CLOSES,  /* may take descriptor 2 away */
	ACTION_DISPOSITION,
	ACTION_ALTSTACK,
	ACTION_FILTER,
	ACTION_RIGHTS,
	ACTION_WRITE,
	ACTION_MASK,    /* takes a set of signals, or goes by the mask */
	ACTION_SENDS,   /* a signal, which may end us */
	ACTION_MAP,
	ACTION_COPIES,  /* is counted by the kernel only where it has copied */
	ACTION_LIMIT,   /* of the address space: our windows count */
	ACTION_LOCK,    /* of all that is mapped: the kernel counts our windows then */
	ACTION_ANSWERS, /* others' openings may wait for this process from then on */
	ACTION_STANDS   /* works on the caller's own stack pointer, or goes by where it is made (arch/x86/kernel/uprobes.c) */
};

extern const uint8_t actions[SYSCALL_LIMIT];

/* How it is counted where it is not recorded. */
static inline enum quick kind_of(const struct syscall_row *row)
{
	return row && row->flags & (CALL_BYTES_IN | CALL_BYTES_OUT) ? QUICK_BYTES : QUICK_COUNT;
}

/* Fills p->quick by what is wanted and by what stands now; anew where that changes (arm.c). Any context. */
void gate_learn(struct process *p, uint64_t *came);

#endif
