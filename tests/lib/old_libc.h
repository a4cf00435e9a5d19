/* What the tests' programs take from glibc, for one before 2.34: the runner puts it in front there (old_libc in runner.py). Few headers: the file
 * behind it chooses its own. */
#ifndef OLD_LIBC_H
#define OLD_LIBC_H
#if !defined __cplusplus && !defined __ASSEMBLER__
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <features.h>
#ifdef __GLIBC__
#if !__GLIBC_PREREQ(2, 34)
#include <asm/unistd.h>
#include <errno.h>

extern long syscall(long number, ...);
extern char *strsignal(int signal);

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

#if !__GLIBC_PREREQ(2, 32)
static inline const char *strerrorname_np(int error)
{
	switch (error) {
#define ERROR(name, text) \
	case name:        \
		return #name;
#include "../../format/errno.def"
#undef ERROR
	default:
		return (const char *)0;
	}
}

static inline const char *sigabbrev_np(int signal)
{
	return strsignal(signal);
}
#endif

static inline int close_range(unsigned from, unsigned to, int flags)
{
	return (int)syscall(__NR_close_range, from, to, flags);
}

static inline void closefrom(int from)
{
	close_range((unsigned)from, ~0u, 0);
}

static inline int _Fork(void)
{
	return (int)syscall(__NR_fork);
}
#endif
#endif
#endif
#endif
