/* Which calls a log shows when they begin: of those whose rows say that they may wait, or be the last, some say by their arguments that they are not. */
#include "syscalls.h"

#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/ipc.h>
#include <linux/wait.h>

enum { DONT_WAIT = 0x40 /* MSG_DONTWAIT */ };

static int futex_waits(uint32_t operation)
{
	switch (operation & (uint32_t)FUTEX_CMD_MASK) {
	case FUTEX_WAKE:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI:
	case FUTEX_WAKE_BITSET:
		return 0;
	default:
		return 1;
	}
}

/* Locks and leases may. */
static int fcntl_waits(uint32_t command)
{
	return command > F_SETFL && command != F_DUPFD_CLOEXEC;
}

/* A driver may wait for its device, but for these. */
static int ioctl_waits(uint32_t request)
{
	switch (request) {
	case TCGETS:
	case TIOCGPGRP:
	case TIOCGWINSZ:
	case FIONREAD:
	case FIONBIO:
	case FIOCLEX:
	case FIONCLEX:
		return 0;
	default:
		return 1;
	}
}

/* Whoever it is sent to may be who sends it: it may end there (abort, a shell's kill $$), stop, or run a handler first. 0 only asks. */
static int sends(uint64_t signal)
{
	return (int)signal != 0;
}

int syscall_begins(uint64_t number, const uint64_t a[6])
{
	switch ((uint32_t)number) {
#ifdef __NR_poll
	case __NR_poll:
		return (int)a[2] != 0;
	case __NR_epoll_wait:
#endif
	case __NR_epoll_pwait:
		return (int)a[3] != 0;
	case __NR_recvmsg:
	case __NR_sendmsg:
		return !(a[2] & DONT_WAIT);
	case __NR_recvfrom:
	case __NR_sendto:
	case __NR_recvmmsg:
	case __NR_sendmmsg:
		return !(a[3] & DONT_WAIT);
	case __NR_wait4:
		return !(a[2] & WNOHANG);
	case __NR_waitid:
		return !(a[3] & WNOHANG);
	case __NR_msgsnd:
		return !(a[3] & IPC_NOWAIT);
	case __NR_msgrcv:
		return !(a[4] & IPC_NOWAIT);
	case __NR_futex:
		return futex_waits((uint32_t)a[1]);
	case __NR_fcntl:
		return fcntl_waits((uint32_t)a[1]);
	case __NR_ioctl:
		return ioctl_waits((uint32_t)a[1]);
	case __NR_kill:
	case __NR_tkill:
	case __NR_rt_sigqueueinfo:
	case __NR_pidfd_send_signal:
		return sends(a[1]);
	case __NR_tgkill:
	case __NR_rt_tgsigqueueinfo:
		return sends(a[2]);
	default:
		return 1;
	}
}
