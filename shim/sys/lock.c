/* Waiting for a lock, and taking one away from who is gone. */
#include "lock.h"

#include <linux/futex.h>

#include "poison.h"

static const int64_t nap[2] = {0, LOCK_NAP};

void lock_nap(void)
{
	static uint32_t never;

	RAW(__NR_futex, &never, FUTEX_WAIT_PRIVATE, 0, nap);
}

/* Says to the processor that somebody else's turn is waited for. */
static inline void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield" ::: "memory");
#endif
}

static int spin(struct lock *lock, uint32_t who)
{
	for (int turn = 0; turn < LOCK_TURNS; turn++) {
		if (lock_try(lock, who))
			return 1;
		relax();
	}
	return 0;
}

int lock_wait(struct lock *lock, uint32_t who)
{
	int naps = 0;

	if (spin(lock, who))
		return 1;
	for (int turn = 0; turn < LOCK_MOST_TURNS && naps < LOCK_PATIENCE && !lock->in_vain; turn++) {
		uint32_t now = __atomic_load_n(&lock->taken, __ATOMIC_RELAXED);
		/* NB: who has slept says that others may sleep. */
		if (!now && lock_try(lock, who | LOCK_WAITED))
			return 1;
		if (now && (now & LOCK_WAITED || __atomic_compare_exchange_n(&lock->taken, &now, now | LOCK_WAITED, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
			naps += RAW(__NR_futex, &lock->taken, FUTEX_WAIT_PRIVATE, now | LOCK_WAITED, nap) == -ETIMEDOUT;
	}
	lock->in_vain = 1;
	return 0;
}

void lock_left_by(struct lock *lock, uint32_t who)
{
	uint32_t now = __atomic_load_n(&lock->taken, __ATOMIC_RELAXED);

	/* Its owner is not here to change it; a waiter may. */
	while ((now & ~LOCK_WAITED) == who)
		if (__atomic_compare_exchange_n(&lock->taken, &now, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
			RAW(__NR_futex, &lock->taken, FUTEX_WAKE_PRIVATE, 1);
			return;
		}
}

void lock_reset(struct lock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}
