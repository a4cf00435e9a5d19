/* Floor 5: the table of actions, and what is learned from it and from the settings. */
#include "gate_actions.h"
#include "coalesce.h"
#include "inject.h"
#include "process/life.h"
#include "record/log.h"

#include "sys/poison.h"

const uint8_t actions[SYSCALL_LIMIT] = {
	[__NR_exit] = ACTION_EXIT,
	[__NR_exit_group] = ACTION_EXIT,
	[__NR_execve] = ACTION_EXEC,
	[__NR_execveat] = ACTION_EXEC,
#ifdef __NR_fork
	[__NR_fork] = ACTION_CHILD,
	[__NR_vfork] = ACTION_CHILD,
	[__NR_dup2] = ACTION_CLOSES,
#endif
	[__NR_clone] = ACTION_CHILD,
	[__NR_clone3] = ACTION_CHILD,
	[__NR_close] = ACTION_CLOSES,
	[__NR_dup3] = ACTION_CLOSES,
	[__NR_close_range] = ACTION_CLOSES,
	[__NR_rt_sigaction] = ACTION_DISPOSITION,
	[__NR_sigaltstack] = ACTION_ALTSTACK,
	[__NR_seccomp] = ACTION_FILTER,
	[__NR_prctl] = ACTION_FILTER,
	[__NR_chroot] = ACTION_RIGHTS,
	[__NR_pivot_root] = ACTION_RIGHTS,
	[__NR_mount] = ACTION_RIGHTS,
	[__NR_move_mount] = ACTION_RIGHTS,
	[__NR_setns] = ACTION_RIGHTS,
	[__NR_unshare] = ACTION_RIGHTS,
	[__NR_setuid] = ACTION_RIGHTS,
	[__NR_setreuid] = ACTION_RIGHTS,
	[__NR_setresuid] = ACTION_RIGHTS,
	[__NR_setgid] = ACTION_RIGHTS,
	[__NR_setregid] = ACTION_RIGHTS,
	[__NR_setresgid] = ACTION_RIGHTS,
	[__NR_setfsuid] = ACTION_RIGHTS,
	[__NR_capset] = ACTION_RIGHTS,
	[__NR_landlock_restrict_self] = ACTION_RIGHTS,
	[__NR_mlockall] = ACTION_LOCK,
	[__NR_prlimit64] = ACTION_LIMIT,
#ifdef __NR_setrlimit
	[__NR_setrlimit] = ACTION_LIMIT,
#endif
	[__NR_write] = ACTION_WRITE,
	[__NR_writev] = ACTION_WRITE,
	[__NR_rt_sigprocmask] = ACTION_MASK,
	[__NR_rt_sigsuspend] = ACTION_MASK,
	[__NR_rt_sigtimedwait] = ACTION_MASK,
	[__NR_ppoll] = ACTION_MASK,
	[__NR_pselect6] = ACTION_MASK,
	[__NR_epoll_pwait] = ACTION_MASK,
	[__NR_epoll_pwait2] = ACTION_MASK,
	[__NR_rt_sigpending] = ACTION_MASK,
	[__NR_kill] = ACTION_SENDS,
	[__NR_tkill] = ACTION_SENDS,
	[__NR_tgkill] = ACTION_SENDS,
	[__NR_rt_sigqueueinfo] = ACTION_SENDS,
	[__NR_rt_tgsigqueueinfo] = ACTION_SENDS,
	[__NR_pidfd_send_signal] = ACTION_SENDS,
	[__NR_mmap] = ACTION_MAP,
	[__NR_copy_file_range] = ACTION_COPIES,
	[__NR_fanotify_init] = ACTION_ANSWERS,
	[__NR_rt_sigreturn] = ACTION_STANDS,
#ifdef __NR_uretprobe
	[__NR_uretprobe] = ACTION_STANDS,
	[__NR_uprobe] = ACTION_STANDS,
#endif
};

static int is_only_counted(uint32_t number, const struct syscall_row *row)
{
	enum action action = actions[number];

	if (row->flags & CALL_OPENS && settings.stats != OUTPUT_OFF)
		return 0;
	/* Who closes descriptor 2 matters to a summary that is to go there. */
	if (action == ACTION_CLOSES && settings.stats != OUTPUT_STDERR)
		action = ACTION_NONE;
	/* Both go by a mask. */
	int is_right = !signals_mask_may_be_wrong() && (action == ACTION_MASK || (action == ACTION_SENDS && !signals_have_holder()));
	return (!action || is_right || (action == ACTION_MAP && !inherited.mapped)) && !coalesce_hears_of(number);
}

static int is_recorded_as_it_is(uint32_t number, const struct syscall_row *row)
{
	enum action action = actions[number];

	return (!action || action == ACTION_WRITE || action == ACTION_CLOSES) && row->class != CLASS_PROCESS && log_is_quick(number) && !coalesce_hears_of(number);
}

/* A process whose calls only want counting learns here which ones; one whose writes are gathered, which those are. */
void gate_learn(struct process *p, uint64_t *came)
{
	uint64_t mask;

	/* A handler in between might arm, and find half of this written over. */
	if (!p->sealed)
		block_signals(&mask);
	int idle = !(batch && (batch->armed || batch->kept || (settings.watch && !batch->off)));
	int plain = idle && !settings.timing, recorded = idle && p->log.on;

	p->learned = LEARNED;
	for (uint32_t number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		int writes = actions[number] == ACTION_WRITE;
		/* A rule is to see each of them: none is gathered. */
		if (inject_has(number))
			continue;
		if (p->log.on && log_wants(number) && !(writes && batch && batch->armed)) {
			if (recorded && row && is_recorded_as_it_is(number, row))
				p->quick[number] = log_is_plain(number) ? QUICK_PLAIN : log_only_follows(number) ? QUICK_FOLLOW : QUICK_RECORD;
			continue;
		}
		if (writes && batch && batch->armed)
			p->quick[number] = QUICK_APPEND;
		else if (plain && writes)
			p->quick[number] = QUICK_WRITE;
		else if (plain && row && is_only_counted(number, row) && !(p->log.on && log_moves(number)))
			p->quick[number] = (uint8_t)kind_of(row);
	}
	if (p->sealed)
		return;
	*came |= process_held_back(p, mask);
	unblock_signals(&mask);
}
