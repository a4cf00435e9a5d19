/* Floor 4: signals that come while we work for a call that waits. What is buffered is written and its timer stopped, a line is logged, room is made for a record, before such a call is made; a signal of
 * then runs its handler in front of the call, where it would have ended it: natively the two are an instruction apart. A program that looks at what its
 * handlers have set before it waits (rsync does) would wait for ever. So the signals that were held back are asked for, and the call is answered as interrupted
 * if it would have waited. */
#ifndef SHIM_INTERRUPTED_H
#define SHIM_INTERRUPTED_H

#include "process/life.h"

/* came: what signals_came said of those that were held back on the call's behalf and whose handlers have run since. Of calls that it knows (signal(7): poll,
 * select, epoll, pause, the sleeps, waits for signals, System V messages and semaphores, futexes with a time, sockets with one (SO_RCVTIMEO); and without SA_RESTART reads, accept, locks, message queues, other futexes,
 * waits for children) -EINTR where they would wait now, or the result of those that do not; INTERRUPTED_NOT: it was not made. Any context. */
#define INTERRUPTED_NOT (-4096l) /* no error has this number */
long interrupted_answer(const struct call *call, uint64_t came);

static inline long interrupted_call(const struct call *call, uint64_t came)
{
	return unlikely(came) ? interrupted_answer(call, came) : INTERRUPTED_NOT;
}

#endif
