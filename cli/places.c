/* Working folders and descriptors of the processes in a recording: what calls change of them, and what they lead to; see places.h. */
#include "older_calls.h"
#include "ahead.h"
#include "places_who.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>

int places_resolve(struct places *p, const struct event *e, int64_t directory, const char *given, char to[PATH_ROOM])
{
	return place_resolve(places_of(p, e), directory, given, to);
}

unsigned places_real(struct places *p, const struct event *e, int64_t directory, const char *given, uint64_t flags)
{
	return place_real(places_of(p, e), directory, given, flags);
}

/* A thread that closes a number may record it only when another one has opened a file under that number: what it has closed is the one before. */
static int is_late(const struct places *p, const struct event *e, const struct held *h)
{
	const struct record_call *record = (const void *)event_record(p->recording, e);
	int is_call = record->word.kind == RECORD_CALL || record->word.kind == RECORD_BEGIN;

	return h && is_call && record->began && record->began + p->recording->sources[e->source].epoch < h->since;
}

const char *places_path(struct places *p, const struct event *e, int fd)
{
	const struct place *place = places_of(p, e);
	const struct held *h = place_holds(place, fd);
	const char *path = path_text(fd == AT_FDCWD && place ? place->folder : h ? h->path : NULL);

	if (place && (place->shared & (fd == AT_FDCWD ? CLONE_FS : CLONE_FILES) || is_late(p, e, h)))
		return NULL;
	return path && *path != '?' ? path : NULL;
}

int places_exchange(const struct text_call *call)
{
	return call->number == __NR_renameat2 && call->arguments[4] & 2 /* RENAME_EXCHANGE */;
}

static void renamed(struct places *p, struct place *place, const struct text_call *call, const struct recorded_memory *memory)
{
	char paths[2][PATH_ROOM], rooms[2][PATH_ROOM], given[RECORDED_PATH];
	int at = call->number != __NR_rename, known = 1;

	for (int i = 0; i < 2; i++) {
		if (!text_string_at(&memory->memory, call->arguments[at ? 2 * i + 1 : i], given, sizeof given))
			return;
		known &= place_resolve(place, at ? (int)call->arguments[2 * i] : AT_FDCWD, given, paths[i]);
	}
	if (!known) {
		/* Whatever has that name may be what has another one now. */
		paths_lose(p->paths, strrchr(paths[0], '/') + 1);
		if (places_exchange(call))
			paths_lose(p->paths, strrchr(paths[1], '/') + 1);
		return;
	}
	paths_rename(p->paths, path_straight(paths[0], rooms[0]), path_straight(paths[1], rooms[1]), places_exchange(call));
}

void places_after(struct places *p, const struct event *e, const struct text_call *call, const struct recorded_memory *memory)
{
	char given[RECORDED_PATH], path[PATH_ROOM];
	struct place *place = places_of(p, e);
	const uint64_t *a = call->arguments;
	const struct held *h;

	/* The descriptor is closed whatever is answered (close(2)), unless it was none. */
	if (place && call->number == __NR_close && call->result != -EBADF && !is_late(p, e, held_find(&place->held, (int)a[0])))
		held_drop(&place->held, (int)a[0]);
	if (!place || is_failure(call->result)) {
		if (place && is_fork(call->number))
			places_fork_ends(p, e, place, call, fork_flags(call, memory));
		return;
	}
	switch (call->number) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		places_fork_ends(p, e, place, call, fork_flags(call, memory));
		break;
	case __NR_chdir:
		if (text_string_at(&memory->memory, a[0], given, sizeof given) && place_resolve(place, AT_FDCWD, given, path))
			place_go(place, path_make(p->paths, path, place_real(place, AT_FDCWD, given, 0)));
		else
			place_go(place, NULL);
		break;
	case __NR_fchdir:
		h = place->shared & CLONE_FILES ? NULL : held_find(&place->held, (int)a[0]);
		place_go(place, h ? path_shared(h->path) : NULL);
		break;
	case __NR_chroot:
		places_go_elsewhere(p, place);
		place_change_root(place, text_string_at(&memory->memory, a[0], given, sizeof given));
		break;
	case __NR_setns:
		place->numbers_elsewhere |= !a[1] || a[1] & CLONE_NEWPID;
		/* fall through */
	case __NR_pivot_root:
	case __NR_mount:
		places_go_elsewhere(p, place);
		break;
	case __NR_unshare:
		if (a[0] & CLONE_NEWNS)
			places_go_elsewhere(p, place);
		place->numbers_elsewhere |= (a[0] & CLONE_NEWPID) != 0;
		if (a[0] & (CLONE_FS | CLONE_FILES) && places_has_threads(p, e->source, place))
			place->shared |= a[0] & (CLONE_FS | CLONE_FILES);
		break;
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
		renamed(p, place, call, memory);
		break;
	case __NR_close_range:
		if (a[2] & 2 /* CLOSE_RANGE_UNSHARE */ && places_has_threads(p, e->source, place))
			place->shared |= CLONE_FILES;
		else
			held_call(&place->held, call, memory, e->time);
		break;
	default:
		held_call(&place->held, call, memory, e->time);
		break;
	}
}

void places_opened(struct places *p, const struct event *e, int fd, const char *path, unsigned real, void *owner, int closes_at_exec)
{
	struct place *place = places_of(p, e);

	if (place)
		held_set(&place->held, fd, path_make(p->paths, path, real), owner, closes_at_exec, e->time);
}

void *places_owner(struct places *p, const struct event *e, int fd)
{
	struct place *place = places_of(p, e);
	const struct held *h = place_holds(place, fd);

	if (h && h->owner && place->shared & CLONE_FILES) {
		p->not_known++;
		return NULL;
	}
	return h ? h->owner : NULL;
}

uint64_t places_not_known(const struct places *p)
{
	return p->not_known;
}

int places_pid(struct places *p, const struct event *e)
{
	const struct place *place = places_of(p, e);

	return place ? place->pid : p->recording->sources[e->source].header->pid;
}

int places_process(const struct places *p, const struct event *e, int thread)
{
	const struct place *place = places_at(p, e->source, thread ? thread : places_thread(p, e));

	return place ? place->process : 0;
}

unsigned places_elsewhere(const struct places *p)
{
	return p->elsewhere;
}
