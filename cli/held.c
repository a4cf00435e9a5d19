/* What descriptors lead to, in one process. */
#include "held.h"

#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <fcntl.h>
#include <stdlib.h>

struct held *held_find(struct held *table, int fd)
{
	struct held *h = NULL;

	HASH_FIND_INT(table, &fd, h);
	return h;
}

void held_drop(struct held **table, int fd)
{
	struct held *h = held_find(*table, fd);

	if (!h)
		return;
	HASH_DEL(*table, h);
	path_drop(h->path);
	free(h);
}

void held_set(struct held **table, int fd, struct path *path, void *owner, int closes_at_exec, uint64_t since)
{
	struct held *h = zeroed(sizeof *h);

	h->fd = fd;
	h->path = path;
	h->owner = owner;
	h->closes_at_exec = closes_at_exec;
	h->since = since;
	held_drop(table, fd);
	HASH_ADD_INT(*table, fd, h);
}

void held_copy(struct held **to, struct held *from)
{
	struct held *h, *next;

	HASH_ITER(hh, from, h, next)
		held_set(to, h->fd, path_shared(h->path), h->owner, h->closes_at_exec, h->since);
}

void held_free(struct held **table)
{
	struct held *h, *next;

	HASH_ITER(hh, *table, h, next)
		held_drop(table, h->fd);
}

void held_exec(struct held **table)
{
	struct held *h, *next;

	HASH_ITER(hh, *table, h, next)
		if (h->closes_at_exec)
			held_drop(table, h->fd);
}

void held_duplicate(struct held **table, int from, int to, int closes_at_exec, uint64_t since)
{
	struct held *h = held_find(*table, from);

	if (from == to)
		return;
	if (h)
		held_set(table, to, path_shared(h->path), h->owner, closes_at_exec, since);
	else
		held_drop(table, to);
}

static void close_range_of(struct held **table, const struct text_call *call)
{
	struct held *h, *next;

	HASH_ITER(hh, *table, h, next)
	{
		if ((uint32_t)h->fd < (uint32_t)call->arguments[0] || (uint32_t)h->fd > (uint32_t)call->arguments[1])
			continue;
		if (call->arguments[2] & 4 /* CLOSE_RANGE_CLOEXEC */)
			h->closes_at_exec = 1;
		else
			held_drop(table, h->fd);
	}
}

/* A new descriptor that is no file of a path: what the number meant before is over. */
static void made(struct held **table, const struct text_call *call, const struct recorded_memory *memory)
{
	int pair[2], at = call->number == __NR_socketpair ? 3 : 0;

	switch (call->number) {
	case __NR_pipe:
	case __NR_pipe2:
	case __NR_socketpair:
		if (memory->memory.read(&memory->memory, pair, call->arguments[at], sizeof pair) == (long)sizeof pair) {
			held_drop(table, pair[0]);
			held_drop(table, pair[1]);
		}
		break;
	case __NR_socket:
	case __NR_accept:
	case __NR_accept4:
	case __NR_eventfd:
	case __NR_eventfd2:
	case __NR_epoll_create:
	case __NR_epoll_create1:
	case __NR_timerfd_create:
	case __NR_signalfd:
	case __NR_signalfd4:
	case __NR_inotify_init:
	case __NR_inotify_init1:
	case __NR_memfd_create:
	case __NR_pidfd_open:
	case __NR_pidfd_getfd:
	case __NR_open_by_handle_at:
	case __NR_userfaultfd:
	case __NR_perf_event_open:
	case __NR_io_uring_setup:
	case __NR_fanotify_init:
		held_drop(table, (int)call->result);
		break;
	default:
		break;
	}
}

static void set_closes_at_exec(struct held *h, int closes)
{
	if (h)
		h->closes_at_exec = closes;
}

void held_call(struct held **table, const struct text_call *call, const struct recorded_memory *memory, uint64_t time)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case __NR_close_range:
		close_range_of(table, call);
		break;
	case __NR_dup:
	case __NR_dup2:
		held_duplicate(table, (int)a[0], (int)call->result, 0, time);
		break;
	case __NR_dup3:
		held_duplicate(table, (int)a[0], (int)call->result, (a[2] & O_CLOEXEC) != 0, time);
		break;
	case __NR_fcntl:
		if (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC)
			held_duplicate(table, (int)a[0], (int)call->result, a[1] == F_DUPFD_CLOEXEC, time);
		else if (a[1] == F_SETFD)
			set_closes_at_exec(held_find(*table, (int)a[0]), (a[2] & FD_CLOEXEC) != 0);
		break;
	case __NR_ioctl:
		if ((uint32_t)a[1] == FIOCLEX || (uint32_t)a[1] == FIONCLEX)
			set_closes_at_exec(held_find(*table, (int)a[0]), (uint32_t)a[1] == FIOCLEX);
		break;
	default:
		made(table, call, memory);
		break;
	}
}
