/* Loss of rights: after chroot, setuid or a seccomp filter the record's files are out of reach, and an unexpected call may kill. So
 * the files get a reserve before, and under a filter that the program itself installs, or a dispatch of its own, no private call is made
 * any more. */
#include "life.h"
#include "../record/room.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/seccomp.h>

#include "../sys/poison.h"

enum { USER_DISPATCH = 59 /* PR_SET_SYSCALL_USER_DISPATCH */, LOG_RESERVE = 1 << 20, STATS_RESERVE = 32 << 10 };

/* keeps: as room_reserve. */
static void reserve(struct process *p, int keeps)
{
	uint64_t mask;

	if (p->sealed || !process_is_ours(p))
		return;
	if (p->log.on && settings.recording)
		room_reserve(p, keeps);
	else if (p->log.on && settings.log == OUTPUT_PATH && process_lock(p, &p->log.lock, &mask)) {
		/* Half of it will do: a file server changes its user between any two lines. */
		sink_reserve(&p->log.sink, keeps ? LOG_RESERVE / 2 : LOG_RESERVE, LOG_RESERVE);
		lock_release(&p->log.lock, &mask);
	}
	if (process_lock(p, &p->end_lock, &mask)) {
		sink_reserve(&p->stats, STATS_RESERVE, STATS_RESERVE);
		lock_release(&p->end_lock, &mask);
	}
}

void rights_reserve(struct process *p, const struct call *call)
{
	reserve(p, 1);
	if ((uint32_t)call->number == __NR_landlock_restrict_self)
		inherited.restricted = 1;
}

static void narrow(struct process *p, unsigned resource)
{
	uint64_t mask;

	if (p->sealed || !process_is_ours(p))
		return;
	if (p->log.on && settings.recording)
		room_narrow(p, resource);
	else if (p->log.on && settings.log == OUTPUT_PATH && process_lock(p, &p->log.lock, &mask)) {
		sink_narrow(&p->log.sink, 0, resource);
		lock_release(&p->log.lock, &mask);
	}
	if (process_lock(p, &p->end_lock, &mask)) {
		sink_narrow(&p->stats, 0, resource);
		lock_release(&p->end_lock, &mask);
	}
}

void rights_narrow(struct process *p, const struct call *call)
{
	const uint64_t *a = call->arguments;

	if ((uint32_t)call->number == __NR_prlimit64 ? (uint32_t)a[1] == RLIMIT_AS && a[2] : (uint32_t)a[0] == RLIMIT_AS)
		narrow(p, RLIMIT_AS);
}

/* The capability counts in the first user namespace only (capable): who is root in a container of his own (unshare -Ur, podman) has it without that. */
static int is_in_first_namespace(void)
{
	static const char first[] = "user:[4026531837]"; /* PROC_USER_INIT_INO, include/linux/proc_ns.h */
	char name[sizeof first];

	return RAW(__NR_readlinkat, AT_FDCWD, "/proc/self/ns/user", name, sizeof name) == sizeof first - 1 && memcmp(name, first, sizeof first - 1) == 0;
}

/* mm/mlock.c counts what is mapped, and not what is there, but for who has CAP_IPC_LOCK. */
void rights_lock(struct process *p, const struct call *call)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (!(call->arguments[0] & MCL_CURRENT) || p->sealed)
		return;
	if (filtered_at_start || RAW(__NR_capget, &header, data) != 0 || !(data[0].effective & 1 << CAP_IPC_LOCK) || !is_in_first_namespace())
		narrow(p, RLIMIT_MEMLOCK);
}

/* prctl's option, -1: it is another call. The kernel takes its lower half (kernel/sys.c). */
static int prctl_option(const struct call *call)
{
	return (uint32_t)call->number == __NR_prctl ? (int)call->arguments[0] : -1;
}

static int installs(const struct call *call)
{
	const uint64_t *a = call->arguments;
	uint32_t operation = (uint32_t)a[0];

	if ((uint32_t)call->number == __NR_seccomp)
		return operation == SECCOMP_SET_MODE_STRICT || (operation == SECCOMP_SET_MODE_FILTER && a[2]);
	switch (prctl_option(call)) {
	case USER_DISPATCH:
		return a[1] != 0;
	case PR_SET_SECCOMP:
		return a[1] == SECCOMP_MODE_STRICT || (a[1] == SECCOMP_MODE_FILTER && a[2]);
	default:
		return 0;
	}
}

int rights_seal(struct process *p, const struct call *call)
{
	/* Of this one too (arch/x86/kernel/process.c, set_tsc_mode). */
	if (prctl_option(call) == PR_SET_TSC && (uint32_t)call->arguments[1] == PR_TSC_SIGSEGV)
		clock_without_counter();
	if (p->sealed || !installs(call))
		return 0;
	/* In a vfork child, for whose time its parent sleeps, until it has gone: its mask is its own. */
	int by_child = p->threads == THREADS_BORROWED && !process_is_ours(p);
	if (by_child) {
		p->sealer = (int32_t)RAW(__NR_getpid);
		arm_before_exec(p);
	}
	/* Nothing is copied under a filter, and nobody could take the hole away again. */
	reserve(p, 0);
	log_publish(p);
	signals_unhook(p);
	inherited.out_of_reach = (uint8_t)exec_is_out_of_reach(p);
	if (p->log.recording.is_copied)
		log_note(p, "nothing from here on: a filter of its own");
	log_state(p, RECORD_RUNNING, 0);
	death_provisional(p, "filter installed", 0);
	p->log.sink.frozen = p->stats.frozen = 1;
	p->sealed = by_child ? SEALED_BY_CHILD : SEALED;
	inherited.sealed = 1;
	/* The clock may enter the kernel where the vDSO cannot answer, and in strict mode the time-stamp counter itself is forbidden. */
	clock_stop();
	memory_no_calls();
	/* Our calls would trap into the program's own handler, and its handler is to see libc's calls where they stand natively (Wine). */
	if (!by_child && prctl_option(call) == USER_DISPATCH && inherited.undo_rewriting)
		inherited.undo_rewriting();
	return 1;
}

void rights_unseal(struct process *p)
{
	memory_start();
	/* Threads come unseen from now on. */
	if (!inherited.rewriting)
		__atomic_fetch_or(&p->threads, THREADS_MORE, __ATOMIC_SEQ_CST);
	clock_go_on();
	inherited.sealed = 0;
	p->sealed = 0;
	p->log.sink.frozen = p->stats.frozen = 0;
	death_take_back(p);
	/* In a vfork child, whose installation has failed, they would be set for it alone, and its parent would take them for its own. */
	if (process_is_ours(p))
		signals_hook(p);
}
