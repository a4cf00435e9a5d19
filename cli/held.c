/* What descriptors lead to, in one process. */
#include "held.h"
#include "older_calls.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 16 };

/* Who is not its only user makes one of his own before he changes anything. */
struct held_group {
	int number; /* its first descriptor / GROUP */
	unsigned users;
	struct held held[GROUP];
};

static unsigned within(int fd)
{
	return (unsigned)fd % GROUP;
}

static int number_of(int fd)
{
	return (fd - (int)within(fd)) / GROUP;
}

static int descriptor_of(const struct held_table *table, size_t at, unsigned i)
{
	return table->groups[at]->number * GROUP + (int)i;
}

/* Where the first group stands with this number or a higher one. */
static size_t group_place(const struct held_table *table, int number)
{
	size_t low = 0;

	for (size_t high = table->count; low < high;) {
		size_t middle = (low + high) / 2;
		if (table->groups[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int has_group(const struct held_table *table, size_t at, int number)
{
	return at < table->count && table->groups[at]->number == number;
}

const struct held *held_find(const struct held_table *table, int fd)
{
	size_t at = group_place(table, number_of(fd));
	const struct held *h = has_group(table, at, number_of(fd)) ? &table->groups[at]->held[within(fd)] : NULL;

	return h && h->is_there ? h : NULL;
}

static void group_left(struct held_group *group)
{
	if (--group->users)
		return;
	for (unsigned i = 0; i < GROUP; i++)
		path_drop(group->held[i].path);
	free(group);
}

/* The group at this place as one that may be changed. */
static struct held_group *group_own(struct held_table *table, size_t at)
{
	struct held_group *shared = table->groups[at], *own = shared;

	if (shared->users > 1) {
		own = resized(NULL, sizeof *own);
		*own = *shared;
		own->users = 1;
		for (unsigned i = 0; i < GROUP; i++)
			path_shared(own->held[i].path);
		group_left(shared);
		table->groups[at] = own;
	}
	return own;
}

static void group_insert(struct held_table *table, size_t at, int number)
{
	struct held_group *group = zeroed(sizeof *group);

	group->number = number;
	group->users = 1;
	table->groups = resized(table->groups, (table->count + 1) * sizeof(struct held_group *));
	memmove(table->groups + at + 1, table->groups + at, (table->count++ - at) * sizeof(struct held_group *));
	table->groups[at] = group;
}

/* A descriptor's entry as one that may be changed. */
static struct held *held_own(struct held_table *table, int fd)
{
	size_t at = group_place(table, number_of(fd));

	if (!has_group(table, at, number_of(fd)))
		group_insert(table, at, number_of(fd));
	return &group_own(table, at)->held[within(fd)];
}

void held_drop(struct held_table *table, int fd)
{
	if (!held_find(table, fd))
		return;
	struct held *h = held_own(table, fd);
	path_drop(h->path);
	*h = (struct held){0};
}

void held_set(struct held_table *table, int fd, struct path *path, void *owner, int closes_at_exec, uint64_t since)
{
	struct held *h = held_own(table, fd);

	path_drop(h->path);
	*h = (struct held){1, closes_at_exec, since, owner, path};
}

void held_copy(struct held_table *to, const struct held_table *from)
{
	to->groups = resized(NULL, (from->count + 1) * sizeof(struct held_group *));
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		to->groups[i] = from->groups[i];
		to->groups[i]->users++;
	}
}

void held_free(struct held_table *table)
{
	while (table->count)
		group_left(table->groups[--table->count]);
	free(table->groups);
	table->groups = NULL;
}

void held_exec(struct held_table *table)
{
	for (size_t at = 0; at < table->count; at++)
		for (unsigned i = 0; i < GROUP; i++)
			if (table->groups[at]->held[i].closes_at_exec)
				held_drop(table, descriptor_of(table, at, i));
}

void held_duplicate(struct held_table *table, int from, int to, int closes_at_exec, uint64_t since)
{
	const struct held *h = held_find(table, from);

	if (from == to)
		return;
	if (h)
		held_set(table, to, path_shared(h->path), h->owner, closes_at_exec, since);
	else
		held_drop(table, to);
}

static void set_closes_at_exec(struct held_table *table, int fd, int closes)
{
	if (held_find(table, fd))
		held_own(table, fd)->closes_at_exec = closes;
}

static void close_range_of(struct held_table *table, const struct text_call *call)
{
	uint32_t first = (uint32_t)call->arguments[0], last = (uint32_t)call->arguments[1];

	for (size_t at = 0; at < table->count; at++)
		for (unsigned i = 0; i < GROUP; i++) {
			int fd = descriptor_of(table, at, i);
			if ((uint32_t)fd < first || (uint32_t)fd > last)
				continue;
			if (call->arguments[2] & 4 /* CLOSE_RANGE_CLOEXEC */)
				set_closes_at_exec(table, fd, 1);
			else
				held_drop(table, fd);
		}
}

/* A new descriptor that is no file of a path: what the number meant before is over. */
static void made(struct held_table *table, const struct text_call *call, const struct recorded_memory *memory)
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

void held_call(struct held_table *table, const struct text_call *call, const struct recorded_memory *memory, uint64_t time)
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
			set_closes_at_exec(table, (int)a[0], (a[2] & FD_CLOEXEC) != 0);
		break;
	case __NR_ioctl:
		if ((uint32_t)a[1] == FIOCLEX || (uint32_t)a[1] == FIONCLEX)
			set_closes_at_exec(table, (int)a[0], (uint32_t)a[1] == FIOCLEX);
		break;
	default:
		made(table, call, memory);
		break;
	}
}
