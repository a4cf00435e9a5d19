/* Floor 0: entry into the kernel. Two doors, both in this object's own text with unwind rules, so that a debugger, a profiler and
 * pthread_cancel's unwinder find the caller through them:
 *
 *   kernel_call  the program's own calls, forwarded by the gate;
 *   raw_call     the shim's private calls, which are never counted or logged.
 *
 * Both return the kernel's value (-errno or a result) and leave errno alone. Any thread, signal handlers included; async-signal-safe.
 * tests/ tell the two apart by the address in `strace -i`. */
#ifndef SHIM_SYS_RAW_H
#define SHIM_SYS_RAW_H

#include <stddef.h>
#include <stdint.h>
#include <asm/errno.h>
#include <linux/prctl.h>

#include "../../format/numbers.h"

/* One call of the program, as it stands in the registers. entry.S builds and reads it: offsets are fixed. */
struct call {
	uint64_t number; /* whole register; the kernel looks at the low 32 bits, and so do we */
	uint64_t arguments[6];
};
_Static_assert(offsetof(struct call, arguments) == 8 && sizeof(struct call) == 56, "entry.S knows this layout");

long kernel_call(const struct call *call);
long raw_call(long number, long a, long b, long c, long d, long e, long f);

#define RAW_6(n, a, b, c, d, e, f, ...) \
	raw_call((long)(n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW(...) RAW_6(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Older processors have calls that newer ones have only in a wider form (include/uapi/asm-generic/unistd.h). What a process asks for is known to filters by the first. */
#define FROM_HERE (-100) /* AT_FDCWD, linux/fcntl.h */
#ifdef __NR_open
#define RAW_OPEN(path, ...) RAW(__NR_open, path, __VA_ARGS__)
#define RAW_STAT(path, status) RAW(__NR_stat, path, status)
#define RAW_LSTAT(path, status) RAW(__NR_lstat, path, status)
#define RAW_UNLINK(path) RAW(__NR_unlink, path)
#define RAW_READLINK(path, ...) RAW(__NR_readlink, path, __VA_ARGS__)
#define RAW_RENAME(from, to) RAW(__NR_rename, from, to)
#define RAW_ACCESS(path, mode) RAW(__NR_access, path, mode)
#else
#define RAW_OPEN(path, ...) RAW(__NR_openat, FROM_HERE, path, __VA_ARGS__)
#define RAW_STAT(path, status) RAW(__NR_newfstatat, FROM_HERE, path, status, 0)
#define RAW_LSTAT(path, status) RAW(__NR_newfstatat, FROM_HERE, path, status, 0x100 /* AT_SYMLINK_NOFOLLOW */)
#define RAW_UNLINK(path) RAW(__NR_unlinkat, FROM_HERE, path, 0)
#define RAW_READLINK(path, ...) RAW(__NR_readlinkat, FROM_HERE, path, __VA_ARGS__)
#define RAW_RENAME(from, to) RAW(__NR_renameat2, FROM_HERE, from, FROM_HERE, to, 0)
#define RAW_ACCESS(path, mode) RAW(__NR_faccessat, FROM_HERE, path, mode)
#endif

/* poll(2) of one that does not wait. one: a struct pollfd. */
static inline long raw_poll_now(void *one)
{
#ifdef __NR_poll
	return RAW(__NR_poll, one, 1, 0);
#else
	uint64_t no_time[2] = {0, 0};

	return RAW(__NR_ppoll, one, 1, no_time, 0);
#endif
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The result is one of the 4095 values that mean -errno (man 2 syscalls; arch/x86/entry). */
static inline int is_error(long result)
{
	return (unsigned long)result >= -4095UL;
}

/* Does a seccomp filter stand? It may kill for any call that the program itself does not make. */
static inline int is_filtered(void)
{
	return RAW(__NR_prctl, PR_GET_SECCOMP) != 0;
}
extern uint8_t filtered_at_start; /* the same at the start, from memory_start on */

/* fstat(2) by the number that glibc has made it by since 2.33: lists of calls that a filter allows are made from what programs do. status: a struct stat. */
static inline long raw_fstat(long fd, void *status)
{
	return RAW(__NR_newfstatat, fd, "", status, 0x1000 /* AT_EMPTY_PATH */);
}

/* The soft limit of a resource (prlimit(2); linux/resource.h has their numbers), ~0: none. 0: it could not be asked, and *soft is as it was. */
static inline int raw_limit(unsigned resource, uint64_t *soft)
{
	uint64_t limit[2];

	if (RAW(__NR_prlimit64, 0, resource, 0, limit) != 0)
		return 0;
	*soft = limit[0];
	return 1;
}

/* borrow.S: a child in our memory, on a stack of its own, runs `function` and exits; we go on then. Its number, for a wait with __WALL, or -errno. Signals blocked. */
long raw_borrow(long (*function)(void *), void *argument, void *stack_end);

/* While dispatch is on, a call that is made outside of our text is trapped, and that kills where SIGSYS is blocked. So while `depth` is more than 0 none is: who has stopped the
 * process there, a debugger, may have it call functions. The clock of the vDSO, whose call is seen then by nobody (clock.c), is not asked. Dispatch is on in processes of one thread only. */
struct blocked {
	uint8_t matters, depth;
	uint8_t selector; /* the kernel reads it at every call while dispatch is on: 0, the call is made where it stands; 1, it is trapped */
	uint8_t wanted;   /* what it is where depth is 0 */
};
extern struct blocked blocked;

static inline void blocked_enter(void)
{
	if (unlikely(blocked.matters)) {
		blocked.depth++;
		blocked.selector = 0;
	}
}

/* NB: dispatch may have begun since. */
static inline void blocked_leave(void)
{
	if (unlikely(blocked.matters) && blocked.depth && !--blocked.depth)
		blocked.selector = blocked.wanted;
}

/* No handler of this thread comes in between. */
static inline void block_signals(uint64_t *mask)
{
	uint64_t all = ~0ul;

	RAW(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, mask, sizeof all);
	blocked_enter();
}

static inline void unblock_signals(const uint64_t *mask)
{
	blocked_leave();
	RAW(__NR_rt_sigprocmask, 2, mask, 0, sizeof *mask);
}

/* The signals that have come since they were blocked, and will be delivered when `mask` is in force again; bit 0: signal 1. */
static inline uint64_t signals_held_back(uint64_t mask)
{
	uint64_t pending;

	return RAW(__NR_rt_sigpending, &pending, sizeof pending) != 0 ? 0 : pending & ~mask;
}

/* What is large, of which most starts touch little or nothing, stands apart from the small things that they all touch: a touched page costs a start 0.7 us, and every fork as much. */
#define BULKY __attribute__((section(".bss.bulky")))
/* In front of these (the linker sorts): what starts touch the beginning of. */
#define BULKY_FIRST __attribute__((section(".bss.bulk")))

#endif
