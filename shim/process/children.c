/* Children and threads: clone(2), clone3(2), fork(2), vfork(2). A child with its own memory is found by what the fork has wiped; one
 * that borrows ours makes the process suspect until it has gone. */
#include "exec_memory.h"
#include "life.h"
#include "../record/shards.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include <linux/sched.h>

#include "../sys/poison.h"

uint64_t children_flags(const struct call *call, uint64_t *stack)
{
	struct clone_args args = {0};

	*stack = 0;
	switch ((uint32_t)call->number) {
#ifdef __NR_vfork
	case __NR_vfork:
		return CLONE_VM | CLONE_VFORK;
#endif
	case __NR_clone:
		*stack = call->arguments[1];
		return call->arguments[0];
	case __NR_clone3:
		/* Unreadable: the kernel will say so, and there will be no child. Where it may not be read: the worst. */
		if (memory_read_given(&args, call->arguments[0], CLONE_ARGS_SIZE_VER0, !inherited.sealed) != CLONE_ARGS_SIZE_VER0)
			args.flags = CLONE_VM;
		*stack = args.stack;
		return args.flags;
	default:
		return 0;
	}
}

void children_share(uint64_t flags)
{
	if ((flags & (CLONE_FILES | CLONE_THREAD)) == CLONE_FILES)
		inherited.shares_descriptors = 1;
}

/* Until the child has ended or executed something, whether it borrows our memory or not. */
static int sleeps(const struct process *p, uint64_t flags)
{
	return (flags & (CLONE_VFORK | CLONE_THREAD)) == CLONE_VFORK && process_is_ours(p);
}

void children_before(struct process *p, uint64_t flags)
{
	/* The child is to have it. */
	if (!p->sealed && process_is_ours(p))
		signals_repair_mask();
	/* A handler makes the parent's sleep in vfork unkillable by the signal that it handles: the defaults stand meanwhile. */
	if (sleeps(p, flags))
		signals_unhook(p);
	if (!(flags & CLONE_VM)) {
		if (p->gathered)
			arm_before_child(batch);
		return;
	}
	if (flags & CLONE_THREAD) {
		if (inherited.threads_unseen && p->log.on && !(p->threads & THREADS_MORE))
			log_note(p, "unseen from here on: calls of threads");
		/* NB order: while nobody else counts. */
		if (!(p->threads & THREADS_MORE))
			shards_open(p);
		__atomic_fetch_or(&p->threads, THREADS_MORE, __ATOMIC_SEQ_CST);
		recording_forget_threads(p, flags & CLONE_SETTLS);
		signals_share(p);
		return;
	}
	if (!(flags & CLONE_VFORK))
		exec_children_come(p);
	else if (!(p->threads & THREADS_MORE))
		inherited.vforks++;
	__atomic_add_fetch(&p->suspect, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&p->threads, flags & CLONE_VFORK ? THREADS_BORROWED : THREADS_MORE, __ATOMIC_SEQ_CST);
	/* What it reads and writes is counted here by us, and there by the kernel. */
	p->log.recording.kernel_counted = 0;
}

/* Whoever holds one was killed in our memory: this child, or where nobody else is here (0) anybody. */
static void let_go_of_locks(struct process *p, uint32_t child)
{
	struct lock *locks[] = {&p->log.lock, &p->log.recording.lock, &p->end_lock, &p->signal_lock, &p->mapping_lock};

	for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
		if (child)
			lock_left_by(locks[i], child);
		else
			lock_reset(locks[i]);
}

/* Who has forked a second time will go on. */
static void forked(void)
{
	static uint32_t forks;
	void (*prepare)(void) = inherited.before_children;

	if (!prepare || !forks++)
		return;
	inherited.before_children = NULL;
	prepare();
}

/* One that has borrowed our memory has gone, or has not come. */
static void gone(struct process *p, long result)
{
	if (inherited.vforks)
		inherited.vforks--;
	exec_child_gone(p, (int32_t)result);
	if (result > 0)
		let_go_of_locks(p, (uint32_t)result);
	/* We go on when it has its own memory, or none: one that it has made in its turn is no more here than it is. */
	if (!__atomic_sub_fetch(&p->suspect, 1, __ATOMIC_SEQ_CST)) {
		exec_no_children(p);
		clock_childless();
		__atomic_fetch_and(&p->threads, ~(uint32_t)THREADS_BORROWED, __ATOMIC_SEQ_CST);
		if (!(p->threads & THREADS_MORE))
			let_go_of_locks(p, 0);
		if (p->sealed == SEALED_BY_CHILD)
			rights_unseal(p);
	}
	/* Its filter may have killed it in a vfork of its own, which nobody comes back from: there `result` would be another one. */
	if (p->sealed == SEALED_BY_CHILD && result == p->sealer)
		rights_unseal(p);
}

void children_after(struct process *p, uint64_t flags, long result)
{
	if (result > 0 && !(flags & CLONE_VM))
		forked();
	if (result > 0 && !(flags & CLONE_THREAD) && inherited.family)
		__atomic_add_fetch(&inherited.family->forks, 1, __ATOMIC_RELAXED);
	/* A child without CLONE_VFORK may live as long as we do: the suspicion stays. */
	if ((flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM && (flags & CLONE_VFORK || result < 0))
		gone(p, result);
	if (sleeps(p, flags))
		signals_hook(p);
}
