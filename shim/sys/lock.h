/* Floor 0: a lock for the little shared state of the record. Held for microseconds, never over a call that waits.
 *
 * Invariant: the holder has every signal blocked, so the only one who can find the lock taken is another thread, or a vfork child
 * whose parent sleeps: no waiter ever waits for itself. The word lies in memory that a fork wipes, so a child finds it free. A holder
 * that was killed (a vfork child) must not hang the others: after LOCK_PATIENCE turns lock_take gives up and the caller drops what it
 * wanted to record, which is counted. */
#ifndef SHIM_SYS_LOCK_H
#define SHIM_SYS_LOCK_H

#include "raw.h"

struct lock {
	uint32_t taken;
};

enum { LOCK_PATIENCE = 20000 };

/* In place of a mask: signals were not blocked. The kernel gives no such mask, SIGKILL is never in one (man 2 sigprocmask). */
#define LOCK_SIGNALS_LEFT (~0ul)

/* 1 when taken; *mask then holds what lock_release wants back. 0: not taken, nothing changed. Any context. */
static inline int lock_take(struct lock *lock, uint64_t *mask)
{
	block_signals(mask);
	for (int turn = 0; turn < LOCK_PATIENCE; turn++) {
		uint32_t none = 0;
		if (__atomic_compare_exchange_n(&lock->taken, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return 1;
		RAW(__NR_sched_yield);
	}
	unblock_signals(mask);
	return 0;
}

/* The same where no private call may be made: not waited for, and a handler may find it taken. */
static inline int lock_take_sealed(struct lock *lock, uint64_t *mask)
{
	uint32_t none = 0;

	*mask = LOCK_SIGNALS_LEFT;
	return __atomic_compare_exchange_n(&lock->taken, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* NB: by the mask and not by whether calls are allowed, which another thread may have changed since the lock was taken. */
static inline void lock_release(struct lock *lock, const uint64_t *mask)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	if (*mask != LOCK_SIGNALS_LEFT)
		unblock_signals(mask);
}

#endif
