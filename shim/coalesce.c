/* Policy of coalescing. A burst is a row of small writes to one descriptor; its first write is native, so that the kernel itself gives every
 * error that a first write can have. Rules: whatever is not proven harmless flushes first; whoever interrupted a copy never coalesces;
 * nothing here is done by a vfork child, whose memory is its parent's. */
#include "coalesce.h"
#include "inject.h"
#include "record/log.h"
#include "sys/memory.h"

#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include "sys/poison.h"

enum { PARTS = 8, TURNS = 4, ROOM_EVERY = 64, IDLE_MOST = 1000, TRAPS_MOST = 100, LARGE_MOST = 1 << 30 /* the kernel takes 2 GiB at most, both parts together */, MOST_ATTEMPTS = 12, TYPE = 0170000, REGULAR = 0100000 };

static long (*next_write)(int, const void *, size_t);

void coalesce_start(long (*next)(int, const void *, size_t))
{
	next_write = next;
}

static void log_append(struct process *p, const struct call *call, long result)
{
	const uint64_t *a = call->arguments;
	struct text_call text = {(uint32_t)call->number, {a[0], a[1], a[2]}, result};

	if (log_wants((uint32_t)call->number))
		log_coalesced(p, &text);
}

long coalesce_write(int fd, const void *bytes, size_t size)
{
	struct batch *b = batch;
	uint64_t word = b->word;
	uint32_t fill = word_fill(word);

	if (fill && b->fd == fd && b->number == __NR_write && size - 1 < BATCH_SMALL && fill + size <= b->limit && !b->copying &&
	    source_is_known(b, bytes, size) && batch_append(b, word, bytes, size, __builtin_frame_address(0))) {
		if (process->log.on && process->log.quick)
			recording_gathered(process, fd, size);
		else if (process->log.on)
			log_append(process, &(struct call){__NR_write, {(uint64_t)(int64_t)fd, (uint64_t)bytes, size}}, (long)size);
		return (long)size;
	}
	return next_write(fd, bytes, size);
}

/* The write's bytes in parts. Returns their number, or 0 when it is not one for the buffer: empty, bad, large. */
static unsigned parts_of(struct batch *b, const struct call *call, struct part *parts, size_t *size)
{
	uint64_t count = call->arguments[2];

	if ((uint32_t)call->number == __NR_write) {
		parts[0] = (struct part){(const void *)call->arguments[1], count};
		*size = count;
		return count - 1 < BATCH_SMALL;
	}
	*size = 0;
	if ((uint32_t)count - 1 >= PARTS || !source_check(b, (const void *)call->arguments[1], (uint32_t)count * sizeof *parts))
		return 0;
	__builtin_memcpy(parts, (const void *)call->arguments[1], (uint32_t)count * sizeof *parts);
	for (unsigned i = 0; i < (uint32_t)count; i++) {
		if (parts[i].size > BATCH_SMALL)
			return 0;
		*size += parts[i].size;
	}
	return *size - 1 < BATCH_SMALL ? (uint32_t)count : 0;
}

static int sources_check(struct batch *b, const struct part *parts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (parts[i].size && !source_check(b, parts[i].at, parts[i].size))
			return 0;
	return 1;
}

/* The step from clean to dirty: what was believed about the descriptor is looked at once more. */
static int begin(struct batch *b, int fd, uint32_t number, size_t size)
{
	struct pollfd room = {fd, POLLOUT, 0};

	/* NB: 0 stands for no descriptor, and for -1 too. */
	if (fd < 0 || b->candidate != fd + 1 || b->known_fd != fd + 1 || b->cool || b->off || b->looked_away)
		return 0;
	if (b->known == TARGET_FILE && ++b->room_asked >= ROOM_EVERY) {
		b->room_asked = 0;
		if (!target_has_room(b, fd)) {
			b->known = TARGET_NEVER;
			return 0;
		}
	}
	if (b->known == TARGET_PIPE)
		pipe_before(b, fd);
	if (b->known == TARGET_PIPE && (b->page_fd != fd + 1 || RAW(__NR_poll, &room, 1, 0) != 1 || room.revents != POLLOUT))
		return 0;
	if (!arm_is_ready())
		return 0;
	latency_start(b);
	b->fd = fd;
	b->number = number;
	b->target = b->known;
	b->limit = settings.buffer;
	if (b->known == TARGET_PIPE) {
		uint32_t left = BATCH_PIPE - b->page_used;
		if (left < size)
			left = BATCH_PIPE;
		b->limit = b->limit < left ? b->limit : left;
	}
	return 1;
}

/* A write that is too large goes out with what is buffered, uncopied. */
static int append_large(struct process *p, struct batch *b, const struct call *call, long *result)
{
	uint32_t number = (uint32_t)call->number;

	if (!word_fill(b->word))
		return 0;
	if (b->fd == (int)call->arguments[0] && b->number == number && number == __NR_write && call->arguments[2] > BATCH_SMALL &&
	    call->arguments[2] < LARGE_MOST) {
		*result = batch_flush_with(p, b, (const void *)call->arguments[1], call->arguments[2]);
		if (*result > 0) {
			p->counters[number].calls++;
			p->counters[number].bytes += (uint64_t)*result;
			p->run = 0;
			return 1;
		}
	}
	batch_flush(p, b, END_LARGE, BATCH_MAY_WAIT);
	return 0;
}

static __attribute__((noinline)) int append_slowly(struct process *p, struct batch *b, const struct call *call, long *result)
{
	struct part parts[PARTS];
	size_t size;
	int fd = (int)call->arguments[0];
	uint32_t number = (uint32_t)call->number;
	unsigned count = parts_of(b, call, parts, &size);

	if (!count)
		return append_large(p, b, call, result);
	for (int turn = 0; turn < TURNS; turn++) {
		/* NB order: the word before all that is decided from it. */
		uint64_t word = b->word;
		uint32_t fill = word_fill(word);
		__asm__ volatile("" ::: "memory");
		if (fill && (b->fd != fd || b->number != number)) {
			batch_flush(p, b, END_OTHER, BATCH_MAY_WAIT);
			return 0;
		}
		if (!sources_check(b, parts, count)) {
			batch_flush(p, b, END_PAGE, BATCH_MAY_WAIT);
			return 0;
		}
		if (!fill && !begin(b, fd, number, size))
			return 0;
		if (fill + size > b->limit) {
			if (!fill)
				return 0;
			batch_flush(p, b, END_FULL, BATCH_MAY_WAIT);
			continue;
		}
		if (number == __NR_write ? batch_append(b, word, parts[0].at, size, (const char *)call) :
					   batch_append_parts(b, word, parts, count, size, (const char *)call)) {
			*result = (long)size;
			return 1;
		}
	}
	batch_flush(p, b, END_NESTED, BATCH_MAY_WAIT);
	return 0;
}

int coalesce_append(struct process *p, const struct call *call, long *result)
{
	struct batch *b = batch;
	uint64_t word = b->word;
	uint32_t fill = word_fill(word);
	size_t size = call->arguments[2];
	int done = 0;

	if (p->suspect || b->looked_away)
		return 0;
	if (batch_is_nested(b, (const char *)call)) {
		batch_flush(p, b, END_NESTED, BATCH_MAY_WAIT);
		return 0;
	}
	/* The frequent case first; all others find out why not. */
	if (fill && b->fd == (int)call->arguments[0] && b->number == __NR_write && (uint32_t)call->number == __NR_write &&
	    size - 1 < BATCH_SMALL && fill + size <= b->limit && source_is_known(b, (const void *)call->arguments[1], size))
		done = batch_append(b, word, (const void *)call->arguments[1], size, (const char *)call);
	if (done)
		*result = (long)size;
	else
		done = append_slowly(p, b, call, result);
	if (done && p->log.on)
		log_append(p, call, *result);
	return done;
}

/* A row of small writes is there: is its descriptor one for the buffer, and the process one that can be armed? */
static void consider(struct process *p, struct batch *b, int fd)
{
	if (b->armed && b->known_fd == fd + 1) {
		b->candidate = b->known == TARGET_FILE || (b->known == TARGET_PIPE && b->probed_fd == fd + 1) ? fd + 1 : 0;
		return;
	}
	enum target known = fd < 0 || fd >= 1 << 20 ? TARGET_NEVER : target_of(b, fd);
	if (!b->armed && (known == TARGET_NEVER || !arm(p, b))) {
		/* Asked again after twice as many writes. */
		p->run = 0;
		if (b->attempts < MOST_ATTEMPTS)
			b->attempts++;
		return;
	}
	/* Only now the inodes that the process maps are known. */
	b->known = target_of(b, fd);
	b->known_fd = fd + 1;
	b->probed_fd = 0;
	b->candidate = b->known == TARGET_FILE ? fd + 1 : 0;
	/* A pipe that holds just this row of writes was empty before it. */
	int32_t held;
	if (b->known == TARGET_PIPE && RAW(__NR_ioctl, fd, FIONREAD, &held) == 0 && (uint32_t)held == p->run_bytes) {
		b->page_fd = fd + 1;
		b->page_used = p->run_page;
	}
}

/* Which pages the kernel has just read for this write. */
static void learn_sources(struct batch *b, const struct call *call, long result)
{
	if ((uint32_t)call->number == __NR_write && result == (long)call->arguments[2])
		source_learn(b, (const void *)call->arguments[1], (size_t)result);
}

void coalesce_watch(struct process *p, const struct call *call, long result)
{
	struct batch *b = batch;
	int fd = (int)call->arguments[0];

	if (!b || b->off)
		return;
	if (result <= 0 || result > BATCH_SMALL) {
		p->run = 0;
		b->candidate = 0;
		return;
	}
	p->run = p->run_fd == fd ? p->run + 1 : 1;
	p->run_fd = fd;
	if (p->run == 1)
		p->run_bytes = p->run_page = 0;
	p->run_bytes += (uint32_t)result;
	p->run_page = p->run_page + (uint32_t)result <= BATCH_PIPE ? p->run_page + (uint32_t)result : (uint32_t)result;
	if (b->cool) {
		b->cool--;
		return;
	}
	if (p->run < (b->armed ? 1 : settings.burst << b->attempts) || p->suspect)
		return;
	consider(p, b, fd);
	if (b->armed)
		learn_sources(b, call, result);
}

/* A pipe's native small write (another is made as it stands) is itself made with RWF_NOWAIT (Linux 6.5 for pipes): only where that works can a flush be sure not to
 * wait. */
static __attribute__((noinline)) long probe(struct batch *b, const struct call *call)
{
	struct iovec one = {(void *)call->arguments[1], call->arguments[2]};
	struct part parts[PARTS];
	size_t size;
	int vector = (uint32_t)call->number == __NR_writev, fd = (int)call->arguments[0];

	if (!parts_of(b, call, parts, &size)) {
		b->page_fd = 0;
		return kernel_call(call);
	}
	if (b->page_fd != fd + 1)
		pipe_before(b, fd);
	long result = RAW(__NR_pwritev2, call->arguments[0], vector ? call->arguments[1] : (uint64_t)&one, vector ? call->arguments[2] : 1,
			  -1, -1, RWF_NOWAIT);

	if (result == -EOPNOTSUPP)
		b->known = TARGET_NEVER;
	else if (result > 0)
		b->probed_fd = fd + 1;
	if (result > 0)
		pipe_after(b, fd, (uint32_t)result);
	else
		b->page_fd = 0;
	return result == -EOPNOTSUPP || result == -EAGAIN ? kernel_call(call) : result;
}

long coalesce_native(struct process *p, const struct call *call)
{
	struct batch *b = batch;
	int fd = (int)call->arguments[0];
	long result;

	if (!b || !b->armed || (p->suspect && !process_is_ours(p))) {
		result = kernel_call(call);
	} else if (b->known_fd == fd + 1 && b->known == TARGET_PIPE) {
		result = probe(b, call);
	} else {
		b->page_fd = 0;
		result = kernel_call(call);
	}
	if (inject_has((uint32_t)call->number))
		p->run = 0;
	else if (!p->suspect)
		coalesce_watch(p, call, result);
	return result;
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

/* Reading a regular file of a local file system does not wait for anybody, so no tick can end it early. Large transfers, and closing a
 * socket that lingers, can be ended without being rows that wait. */
static __attribute__((noinline)) int may_be_interrupted(struct batch *b, const struct call *call, const struct syscall_row *row)
{
	int fd = (int)call->arguments[0];
	struct stat status;

	switch ((uint32_t)call->number) {
	case __NR_pread64:
	case __NR_preadv:
	case __NR_preadv2:
	case __NR_copy_file_range:
	case __NR_close:
	case __NR_dup2:
	case __NR_dup3:
	case __NR_close_range:
		return 1;
	default:
		break;
	}
	if (row && !(row->flags & CALL_WAITS) && row->class != CLASS_PROCESS)
		return 0;
	if ((uint32_t)call->number == __NR_write || (uint32_t)call->number == __NR_writev)
		return b->known_fd != fd + 1 || b->known != TARGET_FILE;
	if ((uint32_t)call->number != __NR_read)
		return 1;
	if (b->regular_fd != fd + 1 && RAW(__NR_fstat, fd, &status) == 0 && (status.st_mode & TYPE) == REGULAR && target_is_local(fd))
		b->regular_fd = fd + 1;
	return b->regular_fd != fd + 1;
}

/* Calls after which the process is no longer one that can be watched. */
static enum let_go objection_armed(struct batch *b, const struct call *call, enum reach *reach)
{
	const uint64_t *a = call->arguments;
	enum let_go why;

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
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_mremap:
		return signals_stack_overlaps(a[0], a[1]) ? LET_GO_SMALL_STACK : LET_GO_NOT;
	case __NR_rt_sigaction:
		/* What stands while the timer runs is set up anew by the next batch. */
		latency_stop(b);
		why = signals_objection(call);
		*reach = why == LET_GO_SIGSYS ? REACH_FAMILY : REACH_PROCESS;
		return why;
	case __NR_rt_sigtimedwait:
	case __NR_signalfd:
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
	[__NR_seccomp] = LET_GO_FILTER,
	[__NR_prctl] = LET_GO_FILTER,
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
	case __NR_clone:
	case __NR_clone3:
		return objection_to_child(call, reach);
	default:
		return objections[number];
	}
}

/* Descriptors may mean something else afterwards. */
static void forget(struct batch *b, const struct syscall_row *row)
{
	if (!row || row->class != CLASS_READS)
		b->page_fd = 0;
	if (!row || row->flags & CALL_NETWORK ||
		 ((row->class == CLASS_VISIBLE || row->class == CLASS_ABOUT_FD || row->class == CLASS_PROCESS) && !(row->flags & (CALL_SIGNAL | CALL_MEMORY))))
		b->known_fd = b->probed_fd = b->regular_fd = b->candidate = 0;
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
	int error = batch_retry(p, b);

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
	gone = number == __NR_close_range ? (uint32_t)b->fd >= (uint32_t)a[0] && (uint32_t)b->fd <= (uint32_t)a[1] && !a[2] :
					    (int)a[number != __NR_close] == b->fd;
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
		p->run = 0;
	enum let_go why = objection(call, &reach);
	if (why)
		arm_let_go(p, batch, why, reach, NULL);
	return 0;
}

/* In front of a call that may wait: what is buffered is written, and the timer stopped. Signals are blocked meanwhile, and those that came are asked for. */
static __attribute__((noinline)) void settle(struct process *p, struct batch *b, const struct call *call, const struct syscall_row *row, uint64_t *came)
{
	uint64_t mask;

	block_signals(&mask);
	batch_flush_blocked(p, b, (uint32_t)call->number < END_BEFORE ? (uint32_t)call->number : END_BEFORE);
	/* A full pipe is waited for with signals open. */
	if (!word_fill(b->word) && b->timer_on && may_be_interrupted(b, call, row))
		latency_stop(b);
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
	if (b->looked_away)
		arm_look_again(p, b);
	if (b->armed && row && row->flags & CALL_MEMORY)
		source_forget(b);
	if (is_private(call, row))
		return 0;
	batch_is_nested(b, (const char *)call);
	if (!row || !(row->flags & CALL_WAITS) || row->class == CLASS_COALESCIBLE)
		came = NULL;
	if (came && (word_fill(b->word) || (b->timer_on && may_be_interrupted(b, call, row))))
		settle(p, b, call, row, came);
	batch_flush(p, b, number < END_BEFORE ? number : END_BEFORE, BATCH_MAY_WAIT);
	/* Whoever was interrupted on the way to a batch's first write begins anew. */
	if (!word_fill(b->word))
		b->word += WORD_GENERATION;
	if (!is_write(call))
		p->run = 0;
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
		let_go(p, b, why, came);
		b->attempts = b->attempts < MOST_ATTEMPTS - 2 ? b->attempts + 2 : MOST_ATTEMPTS;
		return 0;
	}
	if (b->timer_on && may_be_interrupted(b, call, row))
		latency_stop(b);
	if (!is_write(call))
		forget(b, row);
	return 0;
}
