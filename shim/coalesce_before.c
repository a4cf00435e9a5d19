/* What each call that is no gathered write means for what is buffered; see coalesce.h. Whatever is not proven harmless flushes first. */
#include "coalesce.h"
#include "sys/memory.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/uio.h>

#include "sys/poison.h"

enum { IDLE_MOST = 1000, TRAPS_MOST = 100, TYPE = 0170000, REGULAR = 0100000 };

/* Does it unmap or shut the alternate stack, on which a tick's handler would run? A program may, whom no signal comes to. */
static int takes_stack_away(const struct call *call)
{
	const uint64_t *a = call->arguments;

	switch ((uint32_t)call->number) {
	case __NR_brk: {
		uint64_t end = a[0] ? (uint64_t)RAW(__NR_brk, 0) : 0;
		return end > a[0] && signals_stack_overlaps(a[0], end - a[0]);
	}
	case __NR_mmap:
		return a[3] & MAP_FIXED && signals_stack_overlaps(a[0], a[1]);
	case __NR_mremap:
		return signals_stack_overlaps(a[0], a[1]) || (a[3] & MREMAP_FIXED && signals_stack_overlaps(a[4], a[2]));
	case __NR_madvise:
		return (uint32_t)a[2] == 102 /* MADV_GUARD_INSTALL, Linux 6.13 */ && signals_stack_overlaps(a[0], a[1]);
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_pkey_mprotect:
		return signals_stack_overlaps(a[0], a[1]);
	default:
		return 0;
	}
}

static int is_private(const struct call *call, const struct syscall_row *row)
{
	const uint64_t *a = call->arguments;

	/* Fresh memory of its own: nobody else can tell when it was mapped. */
	if ((uint32_t)call->number == __NR_mmap)
		return (a[3] & (MAP_ANONYMOUS | MAP_PRIVATE | MAP_SHARED | MAP_FIXED)) == (MAP_ANONYMOUS | MAP_PRIVATE);
	/* getrandom(2): more than 256 bytes may be cut short by a signal. */
	return row && row->class == CLASS_PRIVATE && ((uint32_t)call->number != __NR_getrandom || a[1] <= 256);
}

/* A path may lead to a file system with a server (FUSE, 9p), which is asked, and told of the signal, and may give up then: EINTR, or the call is made once more
 * (fs/fuse/dev.c, request_wait_answer), stat and unlink included. So may a descriptor; what is known is the one that is gathered for, and one that was read. */
static int asks_others(const struct batch *b, const struct syscall_row *row, int fd)
{
	if (row->flags & (CALL_FILE | CALL_NETWORK))
		return 1;
	return row->flags & CALL_DESC && b->regular_fd != fd + 1 && (b->known_fd != fd + 1 || b->known == TARGET_NEVER);
}

/* Reading a regular file of a local file system does not wait for anybody, so no tick can end it early. Large transfers, and closing a
 * socket that lingers, can be ended without being rows that wait: so can pwritev2 to a pipe (offset -1), and a folder's entries stop where a signal is
 * pending (fs/readdir.c, filldir64), as the making of a tmpfs file's pages does (mm/shmem.c, shmem_fallocate). */
static __attribute__((noinline)) int may_be_interrupted(struct batch *b, const struct call *call, const struct syscall_row *row)
{
	int fd = (int)call->arguments[0];
	uint64_t word = b->word;
	struct stat status;

	switch ((uint32_t)call->number) {
	case __NR_pread64:
	case __NR_preadv:
	case __NR_preadv2:
	case __NR_pwrite64:
	case __NR_pwritev:
	case __NR_pwritev2:
	case __NR_copy_file_range:
	case __NR_fallocate:
	case __NR_msync:
	case __NR_getdents64:
#ifdef __NR_getdents
	case __NR_getdents:
#endif
	case __NR_close:
#ifdef __NR_dup2
	case __NR_dup2:
#endif
	case __NR_dup3:
	case __NR_close_range:
		return 1;
	default:
		break;
	}
	if (row && !(row->flags & CALL_WAITS) && row->class != CLASS_PROCESS)
		return asks_others(b, row, fd);
	if ((uint32_t)call->number == __NR_write || (uint32_t)call->number == __NR_writev)
		return b->known_fd != fd + 1 || b->known != TARGET_FILE;
	if ((uint32_t)call->number != __NR_read)
		return 1;
	if (b->regular_fd != fd + 1 && RAW(__NR_fstat, fd, &status) == 0 && (status.st_mode & TYPE) == REGULAR && target_is_local(fd))
		b->regular_fd = fd + 1;
	if (b->word != word)
		b->regular_fd = 0;
	return b->regular_fd != fd + 1;
}

/* Calls after which the process is no longer one that can be watched. */
static enum let_go objection_armed(struct batch *b, const struct call *call, enum reach *reach)
{
	const uint64_t *a = call->arguments;
	enum let_go why;

	if (takes_stack_away(call))
		return LET_GO_SMALL_STACK;
	switch ((uint32_t)call->number) {
	case __NR_mmap:
		/* The descriptor's file may be one that is mapped now. */
		b->known_fd = b->candidate = 0;
		if (!settings.batch)
			return LET_GO_NOT;
		/* A private mapping may be the first part of a library, whose code comes next: the next burst asks again. */
		if (!(a[3] & MAP_SHARED))
			*reach = REACH_NOW;
		return mappings_add(b, (int)a[4], a[2], a[3]);
	case __NR_rt_sigaction:
		/* What stands while the timer runs is set up anew by the next batch. */
		latency_stop(b);
		why = signals_objection(call);
		*reach = why == LET_GO_SIGSYS ? REACH_FAMILY : REACH_PROCESS;
		return why;
	case __NR_timer_settime:
	case __NR_timer_gettime:
	case __NR_timer_getoverrun:
	case __NR_timer_delete:
		/* The program has none of this number: what is no timer of its own is to be none. */
		*reach = REACH_NOW;
		return (int)a[0] == b->timer ? LET_GO_NO_TIMER : LET_GO_NOT;
#ifdef __NR_arch_prctl
	case __NR_arch_prctl:
		/* With AMX's tiles a signal's frame is larger: the next burst looks at the stack anew. */
		*reach = REACH_NOW;
		return (uint32_t)a[0] == 0x1023 /* ARCH_REQ_XCOMP_PERM */ ? LET_GO_SMALL_STACK : LET_GO_NOT;
#endif
	case __NR_rt_sigtimedwait:
#ifdef __NR_signalfd
	case __NR_signalfd:
#endif
	case __NR_signalfd4:
		*reach = REACH_FAMILY;
		return masks_objection(call);
	default:
		return LET_GO_NOT;
	}
}

/* Calls that are remembered also while nothing is armed, and why; of those behind them the arguments decide. */
static const uint8_t objections[SYSCALL_LIMIT] = {
	[__NR_io_uring_setup] = LET_GO_ASYNC_IO,
	[__NR_io_setup] = LET_GO_ASYNC_IO,
	[__NR_perf_event_open] = LET_GO_ASYNC_IO,
	[__NR_ptrace] = LET_GO_ASYNC_IO,
	[__NR_userfaultfd] = LET_GO_ASYNC_IO,
	[__NR_unshare] = LET_GO_ASYNC_IO,
	[__NR_setns] = LET_GO_ASYNC_IO,
	[__NR_pkey_alloc] = LET_GO_ASYNC_IO, /* a page can be shut without a call */
	[__NR_shmat] = LET_GO_SHARED_MEMORY,
	[__NR_vmsplice] = LET_GO_SHARED_MEMORY, /* who looks into the pipe sees the page as it is then */
	[__NR_seccomp] = LET_GO_FILTER,
	[__NR_prctl] = LET_GO_FILTER,
	[__NR_fcntl] = LET_GO_ASYNC_IO,
	[__NR_clone] = LET_GO_THREADS,
	[__NR_clone3] = LET_GO_THREADS,
};

int coalesce_hears_of(uint32_t number)
{
	return number < SYSCALL_LIMIT && objections[number] != LET_GO_NOT;
}

static enum let_go objection_to_child(const struct call *call, enum reach *reach)
{
	uint64_t stack, flags = children_flags(call, &stack);

	if ((flags & (0x400 | 0x10000)) == 0x400 /* CLONE_FILES without CLONE_THREAD */) {
		*reach = REACH_FAMILY;
		return LET_GO_SHARED_FILES;
	}
	if (flags & 0x100 /* CLONE_VM */)
		return flags & 0x4000 /* CLONE_VFORK */ ? LET_GO_NOT : LET_GO_THREADS;
	*reach = REACH_NOW;
	return stack ? LET_GO_CHILD_STACK : LET_GO_NOT;
}

static enum let_go objection(const struct call *call, enum reach *reach)
{
	const uint64_t *a = call->arguments;
	uint32_t number = (uint32_t)call->number;

	*reach = REACH_PROCESS;
	if (!coalesce_hears_of(number))
		return LET_GO_NOT;
	switch (number) {
	case __NR_seccomp:
		*reach = REACH_FAMILY;
		return (uint32_t)a[0] <= 1 ? LET_GO_FILTER : LET_GO_NOT;
	case __NR_prctl:
		*reach = REACH_FAMILY;
		return (uint32_t)a[0] == 22 /* PR_SET_SECCOMP */ ? LET_GO_FILTER : (uint32_t)a[0] == 59 ? LET_GO_OWN_DISPATCH : LET_GO_NOT;
	case __NR_fcntl:
		/* A write may then raise any signal before it is over, as SIGIO does (disposition_objection), and each write one of its own (a real-time one is queued). */
		return (uint32_t)a[1] == F_SETSIG && a[2] ? LET_GO_ASYNC_IO : LET_GO_NOT;
	case __NR_clone:
	case __NR_clone3:
		return objection_to_child(call, reach);
	default:
		return objections[number];
	}
}

/* Descriptors may mean something else afterwards, or a disk be full (pwrite). */
static void forget(struct batch *b, const struct call *call, const struct syscall_row *row)
{
	int reads_regular = (uint32_t)call->number == __NR_read && b->regular_fd == (int)call->arguments[0] + 1;

	if (!row || row->class != CLASS_READS)
		b->page_fd = 0;
	/* While it has waited others may have filled the disk, limited the process (prlimit), or changed what they share with it (F_SETFL). Who reads a regular file waits for
	 * nobody, and may do so between every few lines: to ask anew takes as long as ten writes. */
	if (!row || (row->flags & CALL_WAITS && !reads_regular))
		b->known_fd = b->probed_fd = 0;
	if (!row || row->flags & CALL_NETWORK ||
		 ((row->class == CLASS_VISIBLE || row->class == CLASS_ABOUT_FD || row->class == CLASS_PROCESS || row->class == CLASS_COALESCIBLE) && !(row->flags & (CALL_SIGNAL | CALL_MEMORY))))
		b->known_fd = b->probed_fd = b->regular_fd = 0;
	/* The first write behind it is the kernel's, also where a tick has written what there was. */
	b->candidate = 0;
}

static int is_write(const struct call *call)
{
	return (uint32_t)call->number == __NR_write || (uint32_t)call->number == __NR_writev;
}

/* Its first argument is a descriptor to work on; with AT_EMPTY_PATH also that of glibc's fstat. */
static int names_descriptor(const struct call *call, const struct syscall_row *row)
{
	const uint64_t *a = call->arguments;

	if (row->kinds[0] == ARG_FD)
		return 1;
	return ((uint32_t)call->number == __NR_newfstatat && a[3] & AT_EMPTY_PATH) || ((uint32_t)call->number == __NR_statx && a[2] & AT_EMPTY_PATH);
}

/* T5: what an earlier flush could not write is tried again; the next call on the descriptor reports the error. */
static long report(struct process *p, struct batch *b, const struct call *call)
{
	const struct syscall_row *row = syscall_row((uint32_t)call->number);
	int error = batch_retry(p, b, is_write(call) && (int)call->arguments[0] == b->fd);

	if (!error || !row || !names_descriptor(call, row) || (int)call->arguments[0] != b->fd || (uint32_t)call->number == __NR_close ||
	    (b->kept_told && !is_write(call)))
		return 0;
	b->kept_told = 1;
	return -error;
}

long coalesce_after_close(struct process *p, const struct call *call, long result)
{
	struct batch *b = batch;
	const uint64_t *a = call->arguments;
	uint32_t number = (uint32_t)call->number;
	int gone;

	if (!b || !b->kept || result < 0 || (p->suspect && !process_is_ours(p)))
		return result;
	if (number == __NR_close_range)
		gone = (uint32_t)b->fd >= (uint32_t)a[0] && (uint32_t)b->fd <= (uint32_t)a[1] && !(a[2] & 4 /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */);
	else
		gone = number == __NR_close ? (int)a[0] == b->fd : (int)a[1] == b->fd && (int)a[0] != b->fd;
	if (!gone)
		return result;
	b->kept = 0;
	if (number != __NR_close || b->kept_told)
		return result;
	/* As a file system does that finds out late (close(2)): the descriptor is closed, and the error is told. */
	return -b->kept_error;
}

/* Nothing has ever been buffered here: the page of `batch` is left alone. */
static long before_gathering(struct process *p, const struct call *call, const struct syscall_row *row)
{
	enum reach reach;

	if (is_private(call, row))
		return 0;
	if (!is_write(call))
		process_ends_row(p);
	enum let_go why = objection(call, &reach);
	if (why)
		arm_let_go(p, batch, why, reach, NULL);
	return 0;
}

/* In front of a call that may wait, or where the timer runs: what is buffered is written, and the timer stopped. Signals are blocked meanwhile, once for both, and those that came are asked for. */
static __attribute__((noinline)) void settle(struct process *p, struct batch *b, const struct call *call, const struct syscall_row *row, uint64_t *came)
{
	uint64_t mask;

	block_signals(&mask);
	batch_flush_blocked(p, b, (uint32_t)call->number < END_BEFORE ? (uint32_t)call->number : END_BEFORE);
	/* A full pipe is waited for with signals open. */
	if (!word_fill(b->word) && b->timer_on && may_be_interrupted(b, call, row))
		latency_stop_blocked(b);
	if (came)
		*came |= process_held_back(p, mask);
	unblock_signals(&mask);
}

static inline void let_go(struct process *p, struct batch *b, enum let_go why, uint64_t *came)
{
	b->held = 0;
	arm_let_go(p, b, why, REACH_NOW, NULL);
	if (came)
		*came |= b->held;
}

/* The next burst must be longer. */
static inline void let_go_for_a_while(struct process *p, struct batch *b, enum let_go why, uint8_t attempts, uint64_t *came)
{
	let_go(p, b, why, came);
	b->attempts = b->attempts < ATTEMPTS_MOST - attempts ? (uint8_t)(b->attempts + attempts) : ATTEMPTS_MOST;
}

long coalesce_before(struct process *p, const struct call *call, uint64_t *came)
{
	struct batch *b = batch;
	uint32_t number = (uint32_t)call->number;
	const struct syscall_row *row = syscall_row(number);
	enum reach reach;

	if (!b || (p->suspect && !process_is_ours(p)))
		return 0;
	if (!p->gathered)
		return before_gathering(p, call, row);
	if (b->looked_away) {
		arm_look_again(p, b);
		/* What came past us behind that instruction may have made a thread, or shared memory: all is asked anew. */
		if (b->armed)
			let_go_for_a_while(p, b, LET_GO_FOREIGN_CODE, 1, came);
	}
	if (b->armed && row && row->flags & CALL_MEMORY)
		source_forget(b);
	/* A handler on an alternate stack may change to another one (swapcontext, which sets a mask first), and come back: for the kernel that stack is free meanwhile, and a trap's or a tick's frame
	 * would stand on the handler's. */
	if (b->armed && number == __NR_rt_sigprocmask && signals_run_on((uint64_t)(uintptr_t)call))
		arm_let_go(p, b, LET_GO_ON_STACK, REACH_PROCESS, NULL);
	if (is_private(call, row) && !(number == __NR_brk && b->armed && takes_stack_away(call)))
		return 0;
	if (batch_is_left(b, (const char *)call)) {
		b->off = LET_GO_LEFT;
		p->batches.let_go[LET_GO_LEFT]++;
	}
	if (!row || !(row->flags & CALL_WAITS) || row->class == CLASS_COALESCIBLE)
		came = NULL;
	if (word_fill(b->word) ? came || b->timer_on : came && b->timer_on && may_be_interrupted(b, call, row))
		settle(p, b, call, row, came);
	batch_flush(p, b, number < END_BEFORE ? number : END_BEFORE, BATCH_MAY_WAIT);
	/* Whoever was interrupted on the way to a batch's first write begins anew. */
	batch_renew(b);
	if (!is_write(call))
		process_ends_row(p);
	enum let_go why = objection(call, &reach);
	if (!why && b->armed)
		why = objection_armed(b, call, &reach);
	if (why)
		arm_let_go(p, b, why, reach, NULL);
	if (b->off && b->armed)
		let_go(p, b, LET_GO_NOT, came);
	if (b->kept)
		return report(p, b, call);
	if (!b->armed)
		return 0;
	if (settings.watch)
		b->idle = b->traps = 0;
	if (++b->idle > IDLE_MOST || (b->traps > TRAPS_MOST && (uint64_t)b->traps * 4 > p->batches.writes - b->traps_writes)) {
		why = b->idle > IDLE_MOST ? LET_GO_IDLE : LET_GO_FOREIGN_CODE;
		let_go_for_a_while(p, b, why, 2, came);
		return 0;
	}
	if (b->timer_on && may_be_interrupted(b, call, row))
		latency_stop(b);
	if (!is_write(call))
		forget(b, call, row);
	return 0;
}
