/* The buffer and its flush. Rules: the kernel write and its bookkeeping are one piece for signals, or a handler that flushes in between
 * writes twice; nothing here waits with signals blocked; an error keeps the bytes. */
#include "batch.h"
#include "../record/log.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include "../sys/poison.h"

enum { GOOD = 8 /* writes in a batch that pay */, BAD_ROW = 6, PENALTY = 64, PENALTY_MOST = 4096, CURRENT = 1 /* SEEK_CUR */, SIGNAL_PIPE = 13 };

struct batch *batch;
char *batch_bytes;

static uint64_t buffer_size(void)
{
	return settings.buffer > 65536 ? (settings.buffer + 7) & ~7ull : 65536;
}

struct batch *batch_make(void)
{
	struct batch *made = memory_wiped_on_fork(page_up(sizeof *made) + buffer_size() + BATCH_SCRATCH);

	if (made)
		batch_bytes = (char *)made + page_up(sizeof *made);
	return made;
}

void *batch_scratch(void)
{
	return batch_bytes + buffer_size();
}

int batch_append_parts(struct batch *b, uint64_t word, const struct part *parts, unsigned count, size_t size)
{
	char *to = batch_bytes + word_fill(word);
	int done = 1;

	for (unsigned i = 0; i < count && done; i++) {
		done = program_copy(to, parts[i].at, parts[i].size) == 0;
		to += parts[i].size;
	}
	done = done && word_exchange(&b->word, word, word + size + WORD_WRITE);
	b->copying = 0;
	return done;
}

/* Writes per batch decide whether coalescing pays: a row of small batches cools the process down, longer each time (T8). */
static void judge(struct process *p, struct batch *b, uint32_t writes, unsigned end)
{
	if (writes >= GOOD) {
		b->bad = b->penalty = 0;
		return;
	}
	if (end == END_FULL || end == END_TIME || ++b->bad < BAD_ROW)
		return;
	b->penalty = !b->penalty ? PENALTY : b->penalty < PENALTY_MOST ? b->penalty * 2 : PENALTY_MOST;
	b->cool = b->penalty;
	b->bad = 0;
	p->batches.let_go[LET_GO_FEW_WRITES]++;
}

void pipe_before(struct batch *b, int fd)
{
	uint64_t word = b->word;
	int32_t held;

	/* NB: a handler may have put another pipe there. */
	if (RAW(__NR_ioctl, fd, FIONREAD, &held) == 0 && held == 0 && b->word == word) {
		b->page_fd = fd + 1;
		b->page_used = 0;
	}
}

void pipe_after(struct batch *b, int fd, uint32_t size)
{
	if (b->page_fd == fd + 1)
		b->page_used = b->page_used + size <= BATCH_PIPE ? b->page_used + size : size;
}

/* The batch is over: its writes are counted, the word is clean and of the next generation. */
static void ended(struct process *p, struct batch *b, unsigned end, uint64_t began)
{
	uint32_t writes = word_writes(b->word), fill = word_fill(b->word);
	struct counter *counter = &p->counters[b->number];

	counter->calls += writes;
	counter->bytes += fill;
	if (began)
		counter->nanoseconds += clock_from_to(began, clock_monotonic());
	p->batches.count++;
	p->batches.writes += writes;
	p->batches.vectors += b->number == __NR_writev ? writes : 0;
	p->batches.bytes += fill;
	p->batches.ends[end]++;
	judge(p, b, writes, end);
	b->idle = 0;
	/* A burst goes on where only the buffer's size or time ended the batch. */
	b->candidate = end == END_FULL || end == END_TIME || end == END_PAGE ? b->fd + 1 : 0;
	if (p->log.on)
		log_batch(p, b->fd, writes, fill, end, began);
	b->word = (b->word & ~(WORD_GENERATION - 1)) + WORD_GENERATION;
}

static long put_out(struct batch *b, uint32_t from, uint32_t size)
{
	struct iovec piece = {batch_bytes + from, size};
	long result;

	if (b->target != TARGET_PIPE)
		return RAW(__NR_write, b->fd, piece.iov_base, size);
	pipe_before(b, b->fd);
	result = RAW(__NR_pwritev2, b->fd, &piece, 1, -1, -1, RWF_NOWAIT);
	if (result > 0)
		pipe_after(b, b->fd, (uint32_t)result);
	return result;
}

/* At a tick nobody has called: the reader of a pipe may have gone behind the program's last write, which natively it then does not learn of before it writes again. So the SIGPIPE that
 * comes with our write is taken back, but for one that was pending before. Signals are blocked. */
static __attribute__((noinline)) long put_out_at_a_tick(struct batch *b, uint32_t from, uint32_t size)
{
	uint64_t pending = 0, pipe = 1ul << (SIGNAL_PIPE - 1);
	struct __kernel_timespec now = {0, 0};

	RAW(__NR_rt_sigpending, &pending, 8);
	long result = put_out(b, from, size);
	if (result == -EPIPE && !(pending & pipe))
		RAW(__NR_rt_sigtimedwait, &pipe, 0, &now, 8);
	return result;
}

/* Which file fd is; or -errno. Apart, so that a program's small stack holds it for a moment only. */
static __attribute__((noinline)) int look_at(const struct batch *b, uint64_t *device, uint64_t *inode)
{
	struct stat status;
	int result = (int)RAW(__NR_fstat, b->fd, &status);

	if (result < 0)
		return result;
	*device = status.st_dev;
	*inode = status.st_ino;
	return 0;
}

/* From `done` on the batch could not be written: kept for a retry, and nothing is coalesced any more. A pipe without reader takes no
 * retry: the program's next write meets the same EPIPE. One for whose page there was no memory does (fs/pipe.c, pipe_write). */
static void keep(struct process *p, struct batch *b, uint32_t done, uint32_t fill, int error)
{
	b->off = LET_GO_ERROR;
	p->batches.let_go[LET_GO_ERROR]++;
	p->batches.error = error;
	if ((b->target == TARGET_PIPE && error == EPIPE) || done == fill) {
		p->batches.lost += fill - done;
		return;
	}
	for (uint32_t i = done; i < fill; i++)
		batch_bytes[i - done] = batch_bytes[i];
	if (look_at(b, &b->kept_device, &b->kept_inode) < 0)
		b->kept_inode = 0;
	b->kept_offset = RAW(__NR_lseek, b->fd, 0, CURRENT);
	b->kept_error = error;
	b->kept = fill - done;
	b->kept_told = 0;
	p->batches.lost += b->kept;
}

enum { PIPE_MOST = 1 << 20 /* /proc/sys/fs/pipe-max-size, proc(5) */ };

/* A pipe was filled by others since the batch began, before which it had room: natively they would have found less, and what is buffered would be there. So it gets more (fcntl(2),
 * F_SETPIPE_SZ), as far as this user may: who waited would hang where natively nobody does, and who may not wait would lose it. Not more than users may by default: several who
 * write more than is read would else have no end of it. */
static __attribute__((noinline)) int make_room(const struct batch *b)
{
	long size = RAW(__NR_fcntl, b->fd, F_GETPIPE_SZ);

	return size > 0 && size < PIPE_MOST && RAW(__NR_fcntl, b->fd, F_SETPIPE_SZ, 2 * size) > size;
}

int batch_flush_blocked(struct process *p, struct batch *b, unsigned end)
{
	uint32_t fill = word_fill(b->word), done = 0, limit = b->limit;
	uint64_t began = settings.timing ? clock_monotonic() : 0;
	long result = 0;

	/* A debugger stops the process most likely where it is in the kernel: what it has it call then finds neither room nor bytes. */
	if (!fill || !limit)
		return 0;
	b->limit = 0;
	while (done < fill) {
		result = end == END_TIME && b->target == TARGET_PIPE ? put_out_at_a_tick(b, done, fill - done) : put_out(b, done, fill - done);
		if (result == -EINTR)
			continue;
		if (result == -EAGAIN && b->target == TARGET_PIPE && !done) {
			if (make_room(b))
				continue;
			b->limit = limit;
			return -EAGAIN;
		}
		if (result <= 0)
			break;
		p->batches.entries++;
		done += (uint32_t)result;
	}
	ended(p, b, end, began);
	if (done < fill)
		keep(p, b, done, fill, result ? (int)-result : EIO);
	return 0;
}

void batch_flush(struct process *p, struct batch *b, unsigned end, enum batch_wait wait)
{
	uint64_t mask;

	while (word_fill(b->word)) {
		block_signals(&mask);
		int result = batch_flush_blocked(p, b, end);
		unblock_signals(&mask);
		if (result != -EAGAIN || wait == BATCH_NO_WAIT)
			return;
		struct pollfd room = {b->fd, POLLOUT, 0};
		RAW(__NR_ppoll, &room, 1, 0, 0, 8);
	}
}

long batch_flush_with(struct process *p, struct batch *b, uint64_t word, const void *from, size_t size)
{
	uint64_t mask;
	long result = -EAGAIN;

	block_signals(&mask);
	uint32_t fill = b->word == word ? word_fill(word) : 0, limit = b->limit;
	struct iovec both[2] = {{batch_bytes, fill}, {(void *)(uintptr_t)from, size}};
	uint64_t began = settings.timing ? clock_monotonic() : 0;
	b->limit = 0;
	if (fill && limit && b->target == TARGET_FILE)
		result = RAW(__NR_writev, b->fd, both, 2);
	b->limit = limit;
	if (fill && result >= (long)fill) {
		p->batches.entries++;
		ended(p, b, END_LARGE, began);
		result -= fill;
	} else if (result > 0) {
		/* A part of what was buffered: its writes are counted when the rest is out. */
		for (long i = 0; i + result < (long)fill; i++)
			batch_bytes[i] = batch_bytes[i + result];
		b->word -= (uint64_t)result;
		p->counters[b->number].bytes += (uint64_t)result;
		p->batches.bytes += (uint64_t)result;
		result = 0;
	}
	unblock_signals(&mask);
	/* Nothing of the large write: the plain way finds out why. */
	return result > 0 ? result : -EAGAIN;
}

/* Where nothing is armed any more a call of foreign code may have closed it, and where nobody wants to know of calls so may one of libc's. Where a filter of the
 * program's own stands nobody is asked. */
static int is_there(const struct process *p, const struct batch *b)
{
	uint64_t device, inode;
	int result = p->sealed ? -EPERM : look_at(b, &device, &inode);

	return result < 0 ? result != -EBADF : device == b->kept_device && inode == b->kept_inode;
}

static long put_kept(struct batch *b)
{
	long offset;

	if (b->target == TARGET_PIPE)
		return put_out(b, 0, b->kept);
	offset = RAW(__NR_lseek, b->fd, 0, CURRENT);
	return offset == b->kept_offset ? RAW(__NR_write, b->fd, batch_bytes, b->kept) : RAW(__NR_pwrite64, b->fd, batch_bytes, b->kept, b->kept_offset);
}

/* Beyond it every try raises SIGXFSZ, of which natively only who writes hears. */
static int is_beyond_limit(const struct batch *b)
{
	uint64_t limit;

	return b->target == TARGET_FILE && raw_limit(RLIMIT_FSIZE, &limit) && (uint64_t)b->kept_offset >= limit;
}

static int retry(struct process *p, struct batch *b, int is_write)
{
	uint64_t mask;
	long result = 0;

	block_signals(&mask);
	if (!is_there(p, b))
		b->kept = 0;
	while (b->kept) {
		result = !is_write && is_beyond_limit(b) ? -EFBIG : put_kept(b);
		if (result <= 0)
			break;
		for (long i = 0; i + result < (long)b->kept; i++)
			batch_bytes[i] = batch_bytes[i + result];
		b->kept -= (uint32_t)result;
		b->kept_offset += result;
		p->batches.lost -= (uint64_t)result;
	}
	int error = b->kept ? (result < 0 ? (int)-result : EIO) : 0;
	if (error == EPIPE)
		b->kept = 0;
	unblock_signals(&mask);
	return error;
}

/* NB: nothing waits for a full pipe's reader while signals are blocked. */
int batch_retry(struct process *p, struct batch *b, int is_write)
{
	struct pollfd room = {b->fd, POLLOUT, 0};
	int error;

	while ((error = retry(p, b, is_write)) == EAGAIN && b->target == TARGET_PIPE)
		RAW(__NR_ppoll, &room, 1, 0, 0, 8);
	return error;
}

void source_learn(struct batch *b, const void *from, size_t size)
{
	for (uint64_t page = (uint64_t)from >> 12; size && page && page <= ((uint64_t)from + size - 1) >> 12; page++)
		b->sources[page % SOURCE_PAGES] = page;
}

void source_forget(struct batch *b)
{
	for (int i = 0; i < SOURCE_PAGES; i++)
		b->sources[i] = ~0ul;
}

int source_check(struct batch *b, const void *from, size_t size)
{
	uint64_t ends[2] = {(uint64_t)from, (uint64_t)from + size - 1};
	char byte;

	if (!(ends[0] >> 12))
		return 0;
	for (int i = 0; i < 2; i++) {
		if (b->sources[(ends[i] >> 12) % SOURCE_PAGES] == ends[i] >> 12)
			continue;
		/* NB: the kernel reads no page 0 that nobody has touched, and we would touch it. */
		if (!(ends[i] >> 12) || memory_read(&byte, ends[i], 1) != 1)
			return 0;
		b->sources[(ends[i] >> 12) % SOURCE_PAGES] = ends[i] >> 12;
	}
	return source_is_known(b, from, size);
}
