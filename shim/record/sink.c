/* A file that grows without a descriptor; see sink.h for why. Everything returns -errno and leaves the program alone. */
#include "sink.h"
#include "process.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "../sys/poison.h"

void sink_limit(struct sink *sink)
{
	raw_limit(RLIMIT_FSIZE, &sink->limit);
}

static int is_ours(const struct sink *sink)
{
	return sink->looked.st_dev == sink->device && sink->looked.st_ino == sink->inode;
}

/* Is the file at our path still ours? Somebody may have truncated it, then we go on at its end; or put another one there, then we do
 * not touch it. */
static int sink_look(struct sink *sink)
{
	long result = RAW_LSTAT(sink->path, &sink->looked);

	if (result < 0)
		return (int)result;
	if (!is_ours(sink))
		return -ESTALE;
	if ((uint64_t)sink->looked.st_size < sink->size) {
		sink->size = (uint64_t)sink->looked.st_size;
		if (sink->end > sink->size)
			sink->end = sink->size;
		if (sink->start > sink->size)
			sink->start = sink->size;
		/* The window cannot be moved without a descriptor: in front of it there is no place for us. */
		if (sink->end < sink->base)
			sink->end = sink->start = sink->base;
	} else if ((uint64_t)sink->looked.st_size > sink->size) {
		/* Somebody has written behind our end: we go on behind his. */
		sink->end = sink->size = (uint64_t)sink->looked.st_size;
	}
	return 0;
}

static int sink_resize(struct sink *sink, uint64_t size)
{
	/* NB: asked each time, for who changes the limit may be another process, or call by a name that we do not see. */
	if (size > sink->size) {
		sink_limit(sink);
		if (size > sink->limit)
			return -EFBIG;
	}
	int result = (int)RAW(__NR_truncate, sink->path, size);
	if (result == 0)
		sink->size = size;
	return result;
}

/* Makes room for `more` bytes behind the end, wherever that is by now. */
static int sink_grow(struct sink *sink, uint64_t more)
{
	int result = sink->frozen ? -ENOSPC : sink_look(sink);

	if (!result && sink->end + more > sink->base + sink->window_size)
		result = -EFBIG;
	return result ? result : sink_resize(sink, sink->end + more);
}

int sink_lengthen(struct sink *sink, uint64_t size)
{
	uint64_t before = sink->size;
	int result = !sink->open || sink->frozen ? -ENOSPC : sink_look(sink);

	if (!result && sink->size < before)
		result = -ESTALE;
	if (!result && size > sink->base + sink->window_size)
		result = -EFBIG;
	return result || size <= sink->size ? result : sink_resize(sink, size);
}

void sink_shorten(struct sink *sink, uint64_t size)
{
	if (sink->open && !sink->frozen && !sink_look(sink) && size < sink->size)
		sink_resize(sink, size);
}

/* A descriptor, for the time of one write: a page that is stored into for the first time costs a fault and a look into the file system's books, twice what it costs to
 * write it. Only where nobody can see its number: signals are blocked, and no thread, child or process has our descriptors. (unshare(2) says whether another
 * task has our memory, whoever has made it.) -errno: the window is left. What somebody has put in the file's place is not opened: a FIFO's reader would be let go on. */
static long descriptor(struct sink *sink)
{
	const struct process *p = process;

	/* NB: a later image resumes its exec's line before it is born. */
	if (!sink->is_plain || sink->frozen || !p || !process_is_alone(p) || p->sealed || !inherited.rewriting || inherited.shares_descriptors ||
	    inherited.answers_opens || memory_is_stored_directly() || RAW(__NR_unshare, CLONE_VM) != 0)
		return -EBUSY;
	if (RAW_LSTAT(sink->path, &sink->looked) != 0 || !is_ours(sink))
		return -ESTALE;
	return RAW_OPEN(sink->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/* 1: written, within what the file holds, or, extends, to its end; 0: it is to go the other way, which also finds out what is wrong. */
static int write_by_descriptor(struct sink *sink, uint64_t at, const void *from, size_t size, int extends)
{
	uint64_t end = at + size, there;
	long fd = descriptor(sink), written = 0;

	if (fd < 0)
		return 0;
	/* NB: asked each time, see sink_resize. */
	sink_limit(sink);
	if (RAW(__NR_fstat, fd, &sink->looked) == 0 && is_ours(sink) && end <= sink->limit) {
		there = (uint64_t)sink->looked.st_size;
		if (extends ? at == there : end <= there)
			written = own_write(RAW(__NR_pwrite64, fd, from, size, at));
	}
	/* The disk is full, or nearly so: a part of it is not to be read. */
	if (extends && written > 0 && written < (long)size)
		RAW(__NR_ftruncate, fd, at);
	RAW(__NR_close, fd);
	return written == (long)size;
}

int sink_write(struct sink *sink, uint64_t at, const void *from, size_t size)
{
	return write_by_descriptor(sink, at, from, size, 0);
}

/* Growing and storing cost twice as much on ext4. */
static int append_by_descriptor(struct sink *sink, const char *text, size_t size)
{
	uint64_t end = sink->end + size;

	if (sink->end != sink->size || end > sink->base + sink->window_size || !write_by_descriptor(sink, sink->end, text, size, 1))
		return 0;
	sink->end = sink->size = end;
	return 1;
}

int sink_append(struct sink *sink, const char *text, size_t size)
{
	if (!sink->open)
		return -EBADF;
	if (append_by_descriptor(sink, text, size))
		return 0;
	for (int attempt = 0;; attempt++) {
		/* A reserve is used up without asking: the path may be out of reach by now. */
		int result = attempt || sink->end + size > sink->size ? sink_grow(sink, size) : 0;
		if (result)
			return result;
		if (memory_write(sink->window + (sink->end - sink->base), text, size) == (long)size) {
			sink->end += size;
			return 0;
		}
		if (attempt) {
			sink_cut(sink, sink->end);
			return -EFAULT;
		}
	}
}

void sink_cut(struct sink *sink, uint64_t end)
{
	if (!sink->open || end > sink->end)
		return;
	sink->end = end;
	if (!sink->frozen && !sink_look(sink) && sink->end == end)
		sink_resize(sink, end);
}

void sink_reserve(struct sink *sink, uint64_t least, uint64_t reserve)
{
	static const char newlines[64] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
					 "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";

	if (!sink->open || sink->frozen || sink->size - sink->end >= least)
		return;
	if (sink_grow(sink, reserve))
		return;
	char *start = sink->window + (sink->end - sink->base);
	uint64_t size = sink->size - sink->end, piece;
	/* What is there already is copied behind itself, in few calls. */
	for (uint64_t done = 0; done < size; done += piece) {
		piece = done ? done : sizeof newlines - 1;
		if (piece > size - done)
			piece = size - done;
		if (memory_write(start + done, done ? start : newlines, piece) != (long)piece)
			return;
	}
}

int sink_ends_open(const struct sink *sink)
{
	return sink->open && sink->last && sink->last != '\n';
}
