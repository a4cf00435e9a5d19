/* Calls that were interrupted before they were made; see interrupted.h. Would it wait? It is asked without waiting. */
#include "interrupted.h"
#include "sys/memory.h"

#include <asm/siginfo.h>
#include <asm/socket.h>
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/poll.h>
#include <linux/sem.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include "sys/poison.h"

enum { SET_MOST = 512 /* descriptors: three such sets stand on the stack (F10) */, SETS_MOST = 2 * SET_MOST /* FD_SETSIZE */, NANOSECONDS = 1000000000, OPERATIONS_MOST = 8 };
enum { DONT_WAIT = 0x40 /* MSG_DONTWAIT */, AT_ONCE = DONT_WAIT | 0x1 | 0x2000 /* MSG_OOB, MSG_ERRQUEUE */ };

/* As the gate makes it: while armed a set of signals has another one in the place of SIGSYS. */
static long make(const struct call *call)
{
	return batch && batch->armed ? masks_call(call) : kernel_call(call);
}

/* With `value` in its argument `which` it does not wait: `nothing` is its result where it would. */
static long without_waiting(const struct call *call, unsigned which, uint64_t value, long nothing)
{
	struct call now = *call;

	now.arguments[which] = value;
	long result = make(&now);
	return result == nothing ? -EINTR : result;
}

/* 1: a struct timespec, or of microseconds a struct timeval, that the kernel takes. */
static int read_time(struct __kernel_timespec *time, uint64_t from)
{
	return memory_read(time, from, sizeof *time) == sizeof *time && time->tv_sec >= 0 && (uint64_t)time->tv_nsec < NANOSECONDS;
}

/* 0: it does not, or the kernel refuses that. */
static int waits_for(uint64_t from)
{
	struct __kernel_timespec time;

	return !from || (read_time(&time, from) && (time.tv_sec || time.tv_nsec));
}

static int is_ahead(uint64_t clock, uint64_t from)
{
	struct __kernel_timespec end, now;

	return read_time(&end, from) && RAW(__NR_clock_gettime, clock, &now) == 0 && (end.tv_sec > now.tv_sec || (end.tv_sec == now.tv_sec && end.tv_nsec > now.tv_nsec));
}

static const struct __kernel_timespec no_time;

/* A set's first descriptors, so many as have room. 0: it has others, or cannot be read. */
static int read_set(uint64_t *set, uint64_t from, size_t size)
{
	enum { ROOM = SET_MOST / 8 };

	if (size > ROOM) {
		size_t rest = size - ROOM;
		if (memory_read(set, from + ROOM, rest) != (long)rest)
			return 0;
		for (size_t i = 0; i < rest / sizeof *set; i++)
			if (set[i])
				return 0;
		size = ROOM;
	}
	return memory_read(set, from, size) == (long)size;
}

/* It changes its sets, unless it is interrupted: copies are asked. */
static __attribute__((noinline)) long select_without_waiting(const struct call *call)
{
	uint64_t sets[3][SET_MOST / 64];
	struct call now = *call;
	uint32_t count = (uint32_t)call->arguments[0], size = (count + 63) / 64 * 8;

	if (count > SETS_MOST || !waits_for(call->arguments[4]))
		return INTERRUPTED_NOT;
	if (count > SET_MOST)
		now.arguments[0] = SET_MOST;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t from = call->arguments[1 + i];
		if (from && !read_set(sets[i], from, size))
			return INTERRUPTED_NOT;
		now.arguments[1 + i] = from ? (uint64_t)(uintptr_t)sets[i] : 0;
	}
	now.arguments[4] = (uint64_t)(uintptr_t)&no_time;
	long result = make(&now);
	/* With its own mask others may have come just now: they end it too. */
	return result && result != -EINTR ? INTERRUPTED_NOT : -EINTR;
}

/* What is left of a relative time is all of it. */
static long sleep_ends(uint64_t from, uint64_t rest)
{
	struct __kernel_timespec time;

	if (!read_time(&time, from) || !(time.tv_sec || time.tv_nsec))
		return INTERRUPTED_NOT;
	if (rest && memory_write((void *)(uintptr_t)rest, &time, sizeof time) != sizeof time)
		return -EFAULT;
	return -EINTR;
}

/* By the clocks that anybody can sleep by. */
static long sleep_by_clock(const uint64_t a[4])
{
	uint32_t clock = (uint32_t)a[0];

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return INTERRUPTED_NOT;
	if (a[1] & TIMER_ABSTIME)
		return is_ahead(clock, a[2]) ? -EINTR : INTERRUPTED_NOT;
	return sleep_ends(a[2], a[3]);
}

static int is_nonblocking(uint64_t fd)
{
	long flags = RAW(__NR_fcntl, (int)fd, F_GETFL);

	return flags < 0 || flags & O_NONBLOCK;
}

/* Its result does not tell whether there was a child; what it would have told of one stays there. */
static __attribute__((noinline)) long wait_for_id(const struct call *call)
{
	siginfo_t child = {0};
	struct call now = *call;

	if (call->arguments[3] & WNOHANG || (call->arguments[0] == P_PIDFD && is_nonblocking(call->arguments[1])))
		return INTERRUPTED_NOT;
	now.arguments[2] = (uint64_t)(uintptr_t)&child;
	now.arguments[3] |= WNOHANG | WNOWAIT;
	now.arguments[4] = 0;
	return kernel_call(&now) == 0 && !child.si_pid ? -EINTR : INTERRUPTED_NOT;
}

static int is_there(uint64_t fd)
{
	struct pollfd readable = {(int)fd, POLLIN, 0};

	return raw_poll_now(&readable) != 0;
}

/* A terminal may give nothing at once (termios(3), VMIN and VTIME). */
static int never_waits(uint64_t fd)
{
	struct termios how;

	return RAW(__NR_ioctl, (int)fd, TCGETS, &how) == 0 && !(how.c_lflag & ICANON) && !how.c_cc[VMIN] && !how.c_cc[VTIME];
}

/* Of a file that has no read without waiting poll is believed. */
static long read_vector(uint64_t fd, uint64_t vector, uint64_t count)
{
	if (is_nonblocking(fd) || is_there(fd))
		return INTERRUPTED_NOT;
	/* From where the file stands (-1). */
	long result = RAW(__NR_preadv2, fd, vector, count, -1, -1, RWF_NOWAIT);
	if (result != -EAGAIN && result != -EOPNOTSUPP)
		return result;
	return never_waits(fd) ? INTERRUPTED_NOT : -EINTR;
}

static long read_one(const uint64_t a[3])
{
	const uint64_t vector[2] = {a[1], a[2]};

	return read_vector(a[0], (uint64_t)(uintptr_t)vector, 1);
}

static long accept_ends(const struct call *call, uint64_t flags)
{
	uint64_t fd = call->arguments[0];
	int listens = 0;
	uint32_t size = sizeof listens;

	if (flags & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK) || RAW(__NR_getsockopt, (int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
		return INTERRUPTED_NOT;
	return is_nonblocking(fd) || is_there(fd) ? INTERRUPTED_NOT : -EINTR;
}

/* A part of what MSG_WAITALL waits for is what an interrupted one has. */
static long receive(const struct call *call, unsigned which)
{
	uint64_t flags = call->arguments[which];

	return flags & AT_ONCE || is_nonblocking(call->arguments[0]) ? INTERRUPTED_NOT : without_waiting(call, which, flags | DONT_WAIT, -EAGAIN);
}

/* Waits for a signal: those that its mask lets in come, too. */
static long suspend(const struct call *call)
{
	const struct call now = {__NR_ppoll, {0, 0, (uint64_t)(uintptr_t)&no_time, call->arguments[0], call->arguments[1]}};
	long result = make(&now);

	return result && result != -EINTR ? INTERRUPTED_NOT : -EINTR;
}

/* A lock, a message, a child: with `flag` in argument `which` its answer is `refusal` where it would wait. */
static long unless_refused(const struct call *call, unsigned which, uint64_t flag, long refusal)
{
	uint64_t flags = call->arguments[which];

	return flags & flag ? INTERRUPTED_NOT : without_waiting(call, which, flags | flag, refusal);
}

/* fcntl(2): by another command, which is refused with one of two errors. */
static long lock(const struct call *call)
{
	uint32_t command = (uint32_t)call->arguments[1];

	if (command != F_SETLKW && command != F_OFD_SETLKW)
		return INTERRUPTED_NOT;
	long result = without_waiting(call, 1, command == F_SETLKW ? F_SETLK : F_OFD_SETLK, -EAGAIN);
	return result == -EACCES ? -EINTR : result;
}

/* By a number of milliseconds, a negative one for ever; by a time. */
static long by_milliseconds(const struct call *call, unsigned which)
{
	return (int)call->arguments[which] ? without_waiting(call, which, 0, 0) : INTERRUPTED_NOT;
}

static long by_time(const struct call *call, unsigned which, long nothing)
{
	return waits_for(call->arguments[which]) ? without_waiting(call, which, (uint64_t)(uintptr_t)&no_time, nothing) : INTERRUPTED_NOT;
}

/* A time is absolute: one that is over is none. */
static long by_end(const struct call *call, unsigned which)
{
	uint64_t end = call->arguments[which];

	return end && !is_ahead(CLOCK_REALTIME, end) ? INTERRUPTED_NOT : without_waiting(call, which, (uint64_t)(uintptr_t)&no_time, -ETIMEDOUT);
}

static __attribute__((noinline)) long semaphores(const struct call *call, uint64_t timeout)
{
	struct sembuf operations[OPERATIONS_MOST];
	uint64_t count = call->arguments[2], size = count * sizeof *operations;

	if (!count || count > OPERATIONS_MOST || !waits_for(timeout) || memory_read(operations, call->arguments[1], size) != (long)size)
		return INTERRUPTED_NOT;
	for (unsigned i = 0; i < count; i++) {
		if (operations[i].sem_flg & IPC_NOWAIT)
			return INTERRUPTED_NOT;
		operations[i].sem_flg |= IPC_NOWAIT;
	}
	return without_waiting(call, 1, (uint64_t)(uintptr_t)operations, -EAGAIN);
}

/* With a time it is never restarted. */
static long futex(const struct call *call, int restarts)
{
	const uint64_t *a = call->arguments;
	uint32_t operation = (uint32_t)a[1] & (uint32_t)FUTEX_CMD_MASK, value;
	int until = operation == FUTEX_WAIT_BITSET;

	if ((!until && operation != FUTEX_WAIT) || (until && !(uint32_t)a[5]) || a[0] % sizeof value || (!a[3] && restarts) ||
	    memory_read(&value, a[0], sizeof value) != sizeof value || value != (uint32_t)a[2])
		return INTERRUPTED_NOT;
	if (!until || !a[3])
		return waits_for(a[3]) ? -EINTR : INTERRUPTED_NOT;
	return is_ahead(a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, a[3]) ? -EINTR : INTERRUPTED_NOT;
}

/* Of those that SA_RESTART is for. */
static long restartable(const struct call *call)
{
	const uint64_t *a = call->arguments;

	switch ((uint32_t)call->number) {
	case __NR_wait4:
		return unless_refused(call, 2, WNOHANG, 0);
	case __NR_waitid:
		return wait_for_id(call);
	case __NR_read:
		return read_one(a);
	case __NR_readv:
		return read_vector(a[0], a[1], a[2]);
	case __NR_accept:
		return accept_ends(call, 0);
	case __NR_accept4:
		return accept_ends(call, (uint32_t)a[3]);
	case __NR_recvfrom:
	case __NR_recvmmsg:
		return receive(call, 3);
	case __NR_recvmsg:
		return receive(call, 2);
	case __NR_mq_timedreceive:
	case __NR_mq_timedsend:
		return by_end(call, 4);
	case __NR_flock:
		return unless_refused(call, 1, LOCK_NB, -EAGAIN);
	case __NR_fcntl:
		return lock(call);
	default:
		return INTERRUPTED_NOT;
	}
}

/* Of a socket that waits for so long only, SA_RESTART is not for what reads from it (signal(7), SO_RCVTIMEO). */
static __attribute__((noinline)) int ends_by_itself(const struct call *call)
{
	int64_t time[2] = {0, 0};
	uint32_t size = sizeof time;

	switch ((uint32_t)call->number) {
	case __NR_read:
	case __NR_readv:
	case __NR_accept:
	case __NR_accept4:
	case __NR_recvfrom:
	case __NR_recvmsg:
	case __NR_recvmmsg:
		return RAW(__NR_getsockopt, (int)call->arguments[0], SOL_SOCKET, SO_RCVTIMEO_OLD, time, &size) == 0 && (time[0] || time[1]);
	default:
		return 0;
	}
}

long interrupted_answer(const struct call *call, uint64_t came)
{
	const uint64_t *a = call->arguments;

	/* While it waits these are blocked, or taken by it. */
	if (!(came & ~masks_given(call) & ~CAME_ENDS))
		return INTERRUPTED_NOT;
	switch ((uint32_t)call->number) {
#ifdef __NR_poll
	case __NR_poll:
		return by_milliseconds(call, 2);
	case __NR_epoll_wait:
#endif
	case __NR_epoll_pwait:
		return by_milliseconds(call, 3);
	case __NR_ppoll:
		return by_time(call, 2, 0);
	case __NR_epoll_pwait2:
		return by_time(call, 3, 0);
#ifdef __NR_select
	case __NR_select:
#endif
	case __NR_pselect6:
		return select_without_waiting(call);
#ifdef __NR_pause
	case __NR_pause:
		return -EINTR;
#endif
	case __NR_rt_sigsuspend:
		return suspend(call);
	case __NR_rt_sigtimedwait:
		return by_time(call, 2, -EAGAIN);
	case __NR_msgrcv:
		return unless_refused(call, 4, IPC_NOWAIT, -ENOMSG);
	case __NR_msgsnd:
		return unless_refused(call, 3, IPC_NOWAIT, -EAGAIN);
	case __NR_semop:
		return semaphores(call, 0);
	case __NR_semtimedop:
		return semaphores(call, a[3]);
	case __NR_futex:
		return futex(call, !(came & CAME_ENDS));
	case __NR_nanosleep:
		return sleep_ends(a[0], a[1]);
	case __NR_clock_nanosleep:
		return sleep_by_clock(a);
	default:
		return came & CAME_ENDS || ends_by_itself(call) ? restartable(call) : INTERRUPTED_NOT;
	}
}
