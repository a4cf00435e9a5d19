/* Calls that were interrupted before they were made; see interrupted.h. Would it wait? It is asked without waiting. */
#include "interrupted.h"
#include "sys/memory.h"

#include <asm/siginfo.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include "sys/poison.h"

enum { SET_MOST = 512 /* descriptors: three such sets stand on the stack (F10) */, NANOSECONDS = 1000000000, ABSOLUTE = 1 /* TIMER_ABSTIME */, AT_ONCE = 0x40 | 0x1 | 0x2000 /* MSG_DONTWAIT, MSG_OOB, MSG_ERRQUEUE */ };

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

/* As struct timespec and struct timeval do. 0: it does not, or that cannot be read: the kernel says so. */
static int waits_for(uint64_t from)
{
	uint64_t time[2];

	return !from || (memory_read(time, from, sizeof time) == sizeof time && (time[0] || time[1]));
}

static const struct __kernel_timespec no_time;

/* It changes its sets, unless it is interrupted: copies are asked. */
static __attribute__((noinline)) long select_without_waiting(const struct call *call)
{
	uint64_t sets[3][SET_MOST / 64];
	struct call now = *call;
	uint32_t count = (uint32_t)call->arguments[0], size = (count + 63) / 64 * 8;

	if (count > SET_MOST || !waits_for(call->arguments[4]))
		return INTERRUPTED_NOT;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t from = call->arguments[1 + i];
		if (from && memory_read(sets[i], from, size) != (long)size)
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

	if (memory_read(&time, from, sizeof time) != sizeof time || time.tv_sec < 0 || (uint64_t)time.tv_nsec >= NANOSECONDS || !(time.tv_sec || time.tv_nsec))
		return INTERRUPTED_NOT;
	if (rest && memory_write((void *)(uintptr_t)rest, &time, sizeof time) != sizeof time)
		return -EFAULT;
	return -EINTR;
}

static long sleep_until(const struct call *call)
{
	struct __kernel_timespec end, now;

	if (memory_read(&end, call->arguments[2], sizeof end) != sizeof end || (uint64_t)end.tv_nsec >= NANOSECONDS ||
	    RAW(__NR_clock_gettime, call->arguments[0], &now) != 0 || end.tv_sec < now.tv_sec || (end.tv_sec == now.tv_sec && end.tv_nsec <= now.tv_nsec))
		return INTERRUPTED_NOT;
	return -EINTR;
}

/* Its result does not tell whether there was a child; what it would have told of one stays there. */
static __attribute__((noinline)) long wait_for_id(const struct call *call)
{
	siginfo_t child = {0};
	struct call now = *call;

	now.arguments[2] = (uint64_t)(uintptr_t)&child;
	now.arguments[3] |= WNOHANG | WNOWAIT;
	now.arguments[4] = 0;
	return kernel_call(&now) == 0 && !child.si_pid && !(call->arguments[3] & WNOHANG) ? -EINTR : INTERRUPTED_NOT;
}

/* One that reads from a descriptor. */
static long unless_it_is_there(const struct call *call, uint64_t flags)
{
	int fd = (int)call->arguments[0];
	struct pollfd readable = {fd, POLLIN, 0};
	long how = flags & AT_ONCE ? O_NONBLOCK : RAW(__NR_fcntl, fd, F_GETFL);

	return how < 0 || how & O_NONBLOCK || RAW(__NR_poll, &readable, 1, 0) != 0 ? INTERRUPTED_NOT : -EINTR;
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
	case __NR_readv:
	case __NR_accept:
	case __NR_accept4:
		return unless_it_is_there(call, 0);
	case __NR_recvfrom:
		return unless_it_is_there(call, a[3]);
	case __NR_recvmsg:
		return unless_it_is_there(call, a[2]);
	case __NR_flock:
		return unless_refused(call, 1, LOCK_NB, -EAGAIN);
	case __NR_fcntl:
		return lock(call);
	default:
		return INTERRUPTED_NOT;
	}
}

long interrupted_answer(const struct call *call, uint64_t came)
{
	const uint64_t *a = call->arguments;
	enum interruption how = signals_interrupt(came);

	if (how == INTERRUPT_NOTHING)
		return INTERRUPTED_NOT;
	switch ((uint32_t)call->number) {
	case __NR_poll:
		return by_milliseconds(call, 2);
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
		return by_milliseconds(call, 3);
	case __NR_ppoll:
		return by_time(call, 2, 0);
	case __NR_epoll_pwait2:
		return by_time(call, 3, 0);
	case __NR_select:
	case __NR_pselect6:
		return select_without_waiting(call);
	case __NR_pause:
		return -EINTR;
	case __NR_rt_sigsuspend:
		return suspend(call);
	case __NR_rt_sigtimedwait:
		return by_time(call, 2, -EAGAIN);
	case __NR_msgrcv:
		return unless_refused(call, 4, 04000 /* IPC_NOWAIT */, -ENOMSG);
	case __NR_msgsnd:
		return unless_refused(call, 3, 04000, -EAGAIN);
	case __NR_nanosleep:
		return sleep_ends(a[0], a[1]);
	case __NR_clock_nanosleep:
		return a[1] & ABSOLUTE ? sleep_until(call) : sleep_ends(a[2], a[3]);
	default:
		return how == INTERRUPT_RESTARTS ? INTERRUPTED_NOT : restartable(call);
	}
}
