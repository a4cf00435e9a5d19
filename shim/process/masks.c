/* Signal masks while dispatch is armed: a trap while SIGSYS is blocked kills, so every mask that the program gives to the kernel gets
 * signal 33 in its place (signals.c), and every one that it reads back shows SIGSYS. The kernel itself then keeps the program's view
 * through handlers, nesting and forks. */
#include "life.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

enum { SET = 8, UNBLOCK = 1 /* SIG_UNBLOCK */ };

/* Which argument points to a set of signals; -1: none that goes in. pselect6's stands behind another pointer. */
static int set_argument(const struct call *call)
{
	switch ((uint32_t)call->number) {
	case __NR_rt_sigprocmask:
		return 1;
	case __NR_rt_sigsuspend:
	case __NR_rt_sigtimedwait:
		return 0;
	case __NR_ppoll:
		return 3;
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
		return 4;
	default:
		return -1;
	}
}

enum let_go masks_objection(const struct call *call)
{
	uint64_t set;

	/* Who waits for SIGSYS wants the real one. */
	switch ((uint32_t)call->number) {
	case __NR_rt_sigtimedwait:
		if (memory_read(&set, call->arguments[0], SET) == SET && set & MASK_SYS)
			return LET_GO_SIGSYS;
		break;
#ifdef __NR_signalfd
	case __NR_signalfd:
#endif
	case __NR_signalfd4:
		if (memory_read(&set, call->arguments[1], SET) == SET && set & MASK_SYS)
			return LET_GO_SIGSYS;
		break;
	default:
		break;
	}
	return LET_GO_NOT;
}

static long wait_call(const struct call *call, int argument)
{
	struct call changed = *call;
	uint64_t set;

	if (!call->arguments[argument] || memory_read(&set, call->arguments[argument], SET) != SET)
		return kernel_call(call);
	/* In rt_sigtimedwait the set is what is awaited: SIGSYS never comes. */
	set = (uint32_t)call->number == __NR_rt_sigtimedwait ? set & ~MASK_SYS : signals_real_mask(set);
	changed.arguments[argument] = (uint64_t)&set;
	long result = kernel_call(&changed);
	/* The real SIGSYS came meanwhile (give_back in dispatch.c): it waits, blocked, for whom it was sent to. */
	if (result == -EINTR && (uint32_t)call->number == __NR_rt_sigtimedwait && !batch->armed)
		result = kernel_call(call);
	return result;
}

static int pselect_set(const struct call *call, uint64_t pair[2], uint64_t *set)
{
	uint64_t from = call->arguments[5];

	return from && memory_read(pair, from, 2 * sizeof *pair) == 2 * sizeof *pair && pair[0] && memory_read(set, pair[0], SET) == SET;
}

uint64_t masks_given(const struct call *call)
{
	int argument = set_argument(call);
	uint64_t pair[2], set;

	if ((uint32_t)call->number == __NR_pselect6)
		return pselect_set(call, pair, &set) ? set : 0;
	return argument >= 0 && call->arguments[argument] && memory_read(&set, call->arguments[argument], SET) == SET ? set : 0;
}

static long pselect(const struct call *call)
{
	struct call changed = *call;
	uint64_t pair[2], set;

	if (!pselect_set(call, pair, &set))
		return kernel_call(call);
	set = signals_real_mask(set);
	pair[0] = (uint64_t)&set;
	changed.arguments[5] = (uint64_t)pair;
	return kernel_call(&changed);
}

static long change(const struct call *call)
{
	struct call changed = *call;
	uint64_t set, old = 0;

	if (call->arguments[3] != SET)
		return kernel_call(call);
	if (call->arguments[1]) {
		if (memory_read(&set, call->arguments[1], SET) != SET)
			return kernel_call(call);
		/* glibc unblocks its own two at the first pthread_create. */
		if (call->arguments[0] == UNBLOCK && !(set & MASK_SYS))
			set &= ~MASK_PROXY;
		set = signals_real_mask(set);
		changed.arguments[1] = (uint64_t)&set;
	}
	changed.arguments[2] = call->arguments[2] ? (uint64_t)&old : 0;
	long result = kernel_call(&changed);
	if (result != 0 || !call->arguments[2])
		return result;
	old = signals_view_mask(old);
	return memory_write((void *)call->arguments[2], &old, SET) == SET ? 0 : -EFAULT;
}

long masks_call(const struct call *call)
{
	int argument = set_argument(call);

	if ((uint32_t)call->number == __NR_rt_sigprocmask)
		return change(call);
	if ((uint32_t)call->number == __NR_pselect6)
		return pselect(call);
	return argument < 0 ? kernel_call(call) : wait_call(call, argument);
}
