/* One process's working folder and descriptors; see place.h. */
#include "place.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

const struct held *place_holds(const struct place *place, int fd)
{
	return place ? held_find(&place->held, fd) : NULL;
}

void place_free(struct place *place)
{
	if (!place)
		return;
	held_free(&place->held);
	place_free(place->forked);
	path_drop(place->folder);
	free(place->root);
	free(place);
}

struct place *place_copy(const struct place *from, int pid)
{
	struct place *place = zeroed(sizeof *place);

	place->pid = pid;
	place->folder = from ? path_shared(from->folder) : NULL;
	place->root = copied(from ? from->root : "");
	place->elsewhere = from && from->elsewhere;
	place->shared = from ? from->shared : 0;
	if (from)
		held_copy(&place->held, &from->held);
	return place;
}

void place_go(struct place *place, struct path *to)
{
	path_drop(place->folder);
	place->folder = to;
}

/* Where a relative path begins, and what of it is left there. */
struct start {
	const char *base; /* NULL, or "?": not known */
	size_t length;    /* of its text so much */
	unsigned real;    /* path.real of so much */
	const char *rest;
};

/* `..` is taken back where what it leads out of is known to be a folder; else it stays, because where it leads depends on symbolic links. */
static struct start start_of(const struct place *place, int64_t directory, const char *given)
{
	const struct held *h = place_holds(place, (int)directory);
	const struct path *from = directory != AT_FDCWD ? (h ? h->path : NULL) : place ? place->folder : NULL;
	struct start s = {path_text(from), from ? strlen(from->text) : 0, from && !*place->root ? from->real : 0, given};

	while (s.real && !strncmp(s.rest, "..", 2) && (s.rest[2] == '/' || !s.rest[2])) {
		s.length = (size_t)((const char *)memrchr(s.base, '/', s.length) - s.base);
		s.rest += 2 + strspn(s.rest + 2, "/");
		s.real--;
	}
	return s;
}

unsigned place_real(const struct place *place, int64_t directory, const char *given, uint64_t flags)
{
	struct start s = *given == '/' ? (struct start){.rest = given} : start_of(place, directory, given);
	const char *slash = strrchr(s.rest, '/'), *last = slash ? slash + 1 : s.rest;

	if (!*s.rest || !strcmp(s.rest, "."))
		return s.real;
	/* What is opened as a folder, and not through a link, is one. A slash at the end leads through a link. */
	if (!(flags & O_NOFOLLOW) || !(flags & O_DIRECTORY) || !*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return 0;
	return slash ? 1 : s.real + 1;
}

int place_resolve(const struct place *place, int64_t directory, const char *given, char to[PATH_ROOM])
{
	const char *root = place ? place->root : "";
	unsigned shared = place ? place->shared & (directory == AT_FDCWD ? CLONE_FS : CLONE_FILES) : 0;
	int is_absolute = *given == '/';
	struct start s = is_absolute ? (struct start){root, strlen(root), 0, given} : start_of(place, directory, given);

	/* What is longer than any path that a program names is not known either. */
	if (s.base && *s.base != '?' && (is_absolute || !shared) &&
	    snprintf(to, PATH_ROOM, "%.*s%s%s", (int)s.length, s.base, is_absolute || !*s.rest ? "" : "/", s.rest) < PATH_ROOM) {
		path_tidy(to);
		path_stay_below(to, root);
		if (!path_climbs_out(to, root))
			return 1;
	}
	snprintf(to, PATH_ROOM, "?/%s", given + is_absolute);
	return 0;
}

unsigned place_shared_by(uint64_t flags)
{
	return flags & CLONE_THREAD ? 0 : flags & (CLONE_FS | CLONE_FILES);
}

void place_forks(struct place *place, uint64_t flags)
{
	if (flags & CLONE_THREAD)
		return;
	place->shared |= place_shared_by(flags);
	place_free(place->forked);
	place->forked = NULL;
	place->forked = place_copy(place, 0);
	place->forks++;
}

/* What is known of a path beside its text stays known where it is told once more. */
static struct path *told(struct paths *all, struct path *before, const char *path)
{
	return before && path && !strcmp(before->text, path) ? path_shared(before) : path_make(all, path, 0);
}

/* NB: a folder that was removed has no path any more. */
void place_told(struct paths *all, struct place *place, const struct record_place *record)
{
	static const char gone[] = " (deleted)";
	size_t room = (size_t)record->word.size * 8 - sizeof *record;
	char *path = NULL;

	if (!place)
		return;
	const struct held *h = place_holds(place, record->fd);
	if (record->size > 0 && (size_t)record->size <= room && record->path[0] == '/')
		path = strndup(record->path, (size_t)record->size);
	size_t length = path ? strlen(path) : 0;
	if (length >= sizeof gone && !strcmp(path + length - sizeof gone + 1, gone)) {
		free(path);
		path = NULL;
	}
	if (record->fd == AT_FDCWD) {
		char folder[PATH_ROOM];
		snprintf(folder, sizeof folder, "%s%s", place->root, path ? path : "");
		place_go(place, told(all, place->folder, path ? folder : NULL));
	} else {
		held_set(&place->held, record->fd, told(all, h ? h->path : NULL, path), NULL, 0, 0);
	}
	free(path);
}

void place_copied(struct place *place, const struct record_copy *record)
{
	if (place)
		held_duplicate(&place->held, record->from, record->fd, 0, 0);
}

void place_change_root(struct place *place, const char *given)
{
	char path[PATH_ROOM];
	int known = given && place_resolve(place, AT_FDCWD, given, path);

	free(place->root);
	place->root = copied(!known ? "?" : strcmp(path, "/") ? path : "");
}
