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

enum { PARTS = 8, TURNS = 4, ROOM_EVERY = 64, LARGE_MOST = 1 << 30 /* the kernel takes 2 GiB at most, both parts together */ };

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
	uint64_t word = batch_word(b);
	uint32_t fill = word_fill(word);

	if (fill && b->fd == fd && b->number == __NR_write && size - 1 < BATCH_SMALL && fill + size <= b->limit &&
	    source_is_known(b, bytes, size) && batch_claim(b, word, __builtin_frame_address(0)) && batch_append(b, word, bytes, size)) {
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
		/* The kernel looks where a part begins also where it is empty (access_ok). */
		if (parts[i].size > BATCH_SMALL || (!parts[i].size && (uint64_t)parts[i].at >= memory_user_end))
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

/* The step from clean to dirty: what was believed about the descriptor is looked at once more. How long the batch may be, 0: there is none. */
static uint32_t may_begin(struct batch *b, int fd, size_t size)
{
	struct pollfd room = {fd, POLLOUT, 0};

	/* NB: 0 stands for no descriptor, and for -1 too. */
	if (fd < 0 || b->candidate != fd + 1 || b->known_fd != fd + 1 || b->cool || b->off || b->looked_away)
		return 0;
	if (b->known == TARGET_FILE && ++b->room_asked >= ROOM_EVERY) {
		b->room_asked = 0;
		if (!target_has_room(fd)) {
			b->known = TARGET_NEVER;
			return 0;
		}
	}
	/* Who shares it may have made it one of packets, or one that nobody waits for, while we have made no call but writes. */
	if (b->known == TARGET_PIPE && RAW(__NR_fcntl, fd, F_GETFL) & (O_DIRECT | O_NONBLOCK)) {
		b->known = TARGET_NEVER;
		return 0;
	}
	if (b->known == TARGET_PIPE)
		pipe_before(b, fd);
	if (b->known == TARGET_PIPE && (b->page_fd != fd + 1 || raw_poll_now(&room) != 1 || room.revents != POLLOUT))
		return 0;
	if (!arm_is_ready() || !latency_start(b))
		return 0;
	uint32_t left = BATCH_PIPE - b->page_used;
	if (left < size)
		left = BATCH_PIPE;
	return b->known == TARGET_PIPE && left < settings.buffer ? left : settings.buffer;
}

/* It is claimed, so that it is still what may_begin has looked at. */
static void begin(struct batch *b, int fd, uint32_t number, uint32_t limit)
{
	b->fd = fd;
	b->number = number;
	b->target = b->known;
	b->limit = limit;
}

/* A write that is too large goes out with what is buffered, uncopied. */
static int append_large(struct process *p, struct batch *b, const struct call *call, long *result)
{
	uint32_t number = (uint32_t)call->number;
	uint64_t word = batch_word(b);

	if (!word_fill(word))
		return 0;
	if (b->fd == (int)call->arguments[0] && b->number == number && number == __NR_write && call->arguments[2] > BATCH_SMALL &&
	    call->arguments[2] < LARGE_MOST) {
		*result = batch_flush_with(p, b, word, (const void *)call->arguments[1], call->arguments[2]);
		b->room_asked = ROOM_EVERY;
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
		uint64_t word = batch_word(b);
		uint32_t fill = word_fill(word);
		if (fill && (b->fd != fd || b->number != number)) {
			batch_flush(p, b, END_OTHER, BATCH_MAY_WAIT);
			return 0;
		}
		if (!sources_check(b, parts, count)) {
			batch_flush(p, b, END_PAGE, BATCH_MAY_WAIT);
			return 0;
		}
		uint32_t limit = fill ? b->limit : may_begin(b, fd, size);
		if (fill + size > limit) {
			if (!fill)
				return 0;
			batch_flush(p, b, END_FULL, BATCH_MAY_WAIT);
			continue;
		}
		if (!batch_claim(b, word, (const char *)call))
			continue;
		if (!fill)
			begin(b, fd, number, limit);
		if (number == __NR_write ? batch_append(b, word, parts[0].at, size) : batch_append_parts(b, word, parts, count, size)) {
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
	uint64_t word = batch_word(b);
	uint32_t fill = word_fill(word);
	size_t size = call->arguments[2];
	int done = 0;

	if (p->suspect || b->looked_away)
		return 0;
	if (batch_is_left(b, (const char *)call)) {
		arm_let_go(p, b, LET_GO_LEFT, REACH_PROCESS, NULL);
		return 0;
	}
	if (batch_is_nested(b)) {
		batch_flush(p, b, END_NESTED, BATCH_MAY_WAIT);
		return 0;
	}
	/* The frequent case first; all others find out why not. */
	if (fill && b->fd == (int)call->arguments[0] && b->number == __NR_write && (uint32_t)call->number == __NR_write &&
	    size - 1 < BATCH_SMALL && fill + size <= b->limit && source_is_known(b, (const void *)call->arguments[1], size))
		done = batch_claim(b, word, (const char *)call) && batch_append(b, word, (const void *)call->arguments[1], size);
	if (done)
		*result = (long)size;
	else
		done = append_slowly(p, b, call, result);
	if (done && p->log.on)
		log_append(p, call, *result);
	return done;
}

/* What no buffer is for is not worth arming for. */
static int may_be_gathered(const struct batch *b, int fd)
{
	return fd >= 0 && fd < 1 << 20 && target_of(b, fd) != TARGET_NEVER;
}

/* A row of small writes is there: is its descriptor one for the buffer, and the process one that can be armed? word: as it was before the last one was made. */
static void consider(struct process *p, struct batch *b, int fd, uint64_t word)
{
	if (b->armed && b->known_fd == fd + 1) {
		b->candidate = b->known == TARGET_FILE || (b->known == TARGET_PIPE && b->probed_fd == fd + 1) ? fd + 1 : 0;
		return;
	}
	/* NB order: a filter may kill for what is asked of a descriptor (quotactl_fd is not in systemd's @system-service); arm lets go there, and asks no more. */
	if (!b->armed) {
		if (!((is_filtered() || may_be_gathered(b, fd)) && arm(p, b))) {
			/* Asked again after twice as many writes. */
			p->run = 0;
			if (b->attempts < ATTEMPTS_MOST)
				b->attempts++;
			return;
		}
		word = b->word;
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
	/* A handler has come since: fd may be another file, to which the kernel has not taken a write. */
	if (b->word != word || !p->run)
		b->known_fd = b->probed_fd = b->page_fd = b->candidate = 0;
}

/* Which pages the kernel has just read for this write. */
static void learn_sources(struct batch *b, const struct call *call, long result)
{
	if ((uint32_t)call->number == __NR_write && result == (long)call->arguments[2])
		source_learn(b, (const void *)call->arguments[1], (size_t)result);
}

static inline void watch(struct process *p, struct batch *b, const struct call *call, long result, uint64_t word)
{
	int fd = (int)call->arguments[0];

	if (b->off)
		return;
	if (result <= 0 || result > BATCH_SMALL) {
		p->run = 0;
		b->candidate = 0;
		/* Who writes much fills the disk in less than so many batches. */
		b->room_asked = ROOM_EVERY;
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
	consider(p, b, fd, word);
	if (b->armed)
		learn_sources(b, call, result);
}

void coalesce_watch(struct process *p, const struct call *call, long result)
{
	if (batch)
		watch(p, batch, call, result, batch->word);
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
	uint64_t word = b ? b->word : 0;
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
	else if (b && !p->suspect)
		watch(p, b, call, result, word);
	return result;
}
