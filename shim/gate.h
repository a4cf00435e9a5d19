/* Floor 5: the gate. Every call of the program that a mechanism brings (intercept/) passes here: number and six arguments in, the
 * kernel's result out (-errno or a value). It decides by the table of system calls, counts and logs; a write may be gathered (coalesce.h), and a call for
 * which there is a rule may be answered (inject.h).
 *
 * Context: any thread, signal handlers, before main, after exit. Leaves errno alone. */
#ifndef SHIM_GATE_H
#define SHIM_GATE_H

#include "record/process.h"
#include "sys/raw.h"

long gate(const struct call *call);

/* For calls that must be made where they stand, because a child may come back on the caller's stack or on another one: gate_look is
 * asked before. stands != 0: the caller makes the call itself and tells the parent's result to gate_left; else the call has been made
 * and this is its result. entry.S knows both. */
struct look {
	long result;
	long stands;
};
struct look gate_look(const struct call *call);
long gate_left(const struct call *call, long result); /* returns the result */

/* The site where glibc (from 2.41 on) makes the calls that may be cancelled while there are threads: as gate_look and gate_left, but for any
 * call, and with two words of the caller's in which it is remembered until it comes back, if it does. In gate_left_cancel the call's number
 * is its result. */
struct look gate_look_cancel(const struct call *call, uint64_t words[2]);
long gate_left_cancel(const struct call *call, const uint64_t words[2]);

/* A call of foreign code that dispatch brought: as gate_look; and the program's rt_sigreturn. */
struct look gate_dispatched(const struct call *call);
struct signal_frame;
void gate_sigreturn(struct signal_frame *frame);

/* For interposed names where nothing is rewritten: the call itself is the next definition's, between these two. */
struct passage {
	struct process *process; /* NULL: nobody counts */
	struct log_ticket ticket;
};
/* passage->ticket.came is the caller's: what has come before. */
void gate_enter(struct passage *passage, const struct call *call);
void gate_leave(const struct passage *passage, const struct call *call, long result);

#endif
