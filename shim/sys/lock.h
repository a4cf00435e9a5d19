/* Floor 0: a lock for the little shared state of the record. Held for microseconds, never over a call that waits.
 *
 * Invariant: the holder has every signal blocked, so the only one who can find the lock taken is another thread, or a vfork child
 * whose parent sleeps: no waiter ever waits for itself. The word lies in memory that a fork wipes, so a child finds it free. A waiter sleeps
 * (futex(2)): one that only yields keeps a holder of lower real-time priority from its processor. A holder that was killed (a vfork child) must not
 * hang the others: lock_left_by frees what it had; and after LOCK_PATIENCE naps lock_take gives up and the caller drops what it wanted to
 * record, which is counted. */
#ifndef SHIM_SYS_LOCK_H
#define SHIM_SYS_LOCK_H

#include "raw.h"

struct lock {
	uint32_t taken;   /* 0; or LOCK_OURS or a vfork child's number, and LOCK_WAITED where somebody may sleep */
	uint32_t in_vain; /* somebody has given up since it was last taken: nobody waits */
};

enum { LOCK_OURS = 1 << 30, LOCK_TURNS = 100, LOCK_PATIENCE = 100, LOCK_NAP = 1000000 /* ns */, LOCK_MOST_TURNS = 20000 };
#define LOCK_WAITED (1u << 31)

/* In place of a mask: signals were not blocked. The kernel gives no such mask, SIGKILL is never in one (man 2 sigprocmask). */
#define LOCK_SIGNALS_LEFT (~0ul)

static inline int lock_try(struct lock *lock, uint32_t who)
{
	uint32_t none = 0;

	if (!__atomic_compare_exchange_n(&lock->taken, &none, who, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	if (unlikely(lock->in_vain))
		lock->in_vain = 0;
	return 1;
}

/* With signals blocked. 1 when taken. */
int lock_wait(struct lock *lock, uint32_t who);
/* Sleeps LOCK_NAP, by the call that a waiter makes. */
void lock_nap(void);
/* Frees it if it is his, who is gone. */
void lock_left_by(struct lock *lock, uint32_t who);
/* Frees it, whoever has it. */
void lock_reset(struct lock *lock);

/* 1 when taken; *mask then holds what lock_release wants back. 0: not taken, nothing changed. Any context. */
static inline int lock_take(struct lock *lock, uint64_t *mask, uint32_t who)
{
	block_signals(mask);
	if (lock_try(lock, who) || lock_wait(lock, who))
		return 1;
	unblock_signals(mask);
	return 0;
}

/* The same where no private call may be made: not waited for, and a handler may find it taken. */
static inline int lock_take_sealed(struct lock *lock, uint64_t *mask)
{
	*mask = LOCK_SIGNALS_LEFT;
	return lock_try(lock, LOCK_OURS);
}

/* NB: by the mask and not by whether calls are allowed, which another thread may have changed since the lock was taken. Where none is the sleeper's nap ends by
 * itself. */
static inline void lock_release(struct lock *lock, const uint64_t *mask)
{
	uint32_t was = __atomic_exchange_n(&lock->taken, 0, __ATOMIC_RELEASE);

	if (*mask == LOCK_SIGNALS_LEFT)
		return;
	if (unlikely(was & LOCK_WAITED))
		RAW(__NR_futex, &lock->taken, 129 /* FUTEX_WAKE_PRIVATE */, 1);
	unblock_signals(mask);
}

#endif
