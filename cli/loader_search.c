/* ld.so's search for a library, and what it preloads; see loader_state.h. */
#include "loader_state.h"
#include "loader_cache.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Does the cache of then lead from this name to this file? If not, *other is where it leads to; NULL: nowhere, or not known. */
static int cache_has(struct loader *l, const char *name, const char *found, const char **other)
{
	*other = NULL;
	if (l->inhibits_cache)
		return 0;
	if (!l->cache_told)
		loader_says(l, START_OPENED, l->cache_then == RECORD_CACHE_MISSING ? ENOENT : 0, "/etc/ld.so.cache");
	l->cache_told = 1;
	if (l->cache_then == RECORD_CACHE_MISSING)
		return 0;
	if (loader_cache_has(name, found, other))
		return 1;
	if (l->cache_then == loader_cache_sum())
		return 0;
	/* It is another one now. NB: most libraries that lie in no list come from the cache. Recordings of old do not say which it was. */
	*other = NULL;
	if (*found && l->cache_then)
		l->is_whole = 0;
	return *found != 0;
}

/* What ld.so asks behind all lists: the cache, and then the folders that it was built with. found: "" where it was not. */
static void search_behind(struct loader *l, const struct loaded *by, const char *name, const char *found)
{
	const char *other;
	int has_defaults = !(by->flags & DF_1_NODEFLIB);

	if (!cache_has(l, name, found, &other)) {
		if (other && (has_defaults || !loader_is_default(l, other)))
			loader_says(l, START_OPENED, ENOENT, "%s", other);
		if (has_defaults && (!*found || loader_is_default(l, found)) && loader_try_defaults(l, name, found))
			return;
		l->is_whole &= !*found;
	}
	if (*found)
		loader_says(l, START_OPENED, 0, "%s", found);
}

static int is_known(const struct loader *l, const char *name)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct loaded *o = &l->objects[i];
		if (o->is_claimed && (!strcmp(o->path, name) || (*o->soname && !strcmp(o->soname, name)) || (o->alias && !strcmp(o->alias, name))))
			return 1;
	}
	return 0;
}

/* Which of the loaded objects has this name: ld.so's list is in the order of loading. -1: none. */
static int object_named(const struct loader *l, const char *name)
{
	for (unsigned i = 1; i < l->count; i++) {
		const struct loaded *o = &l->objects[i];
		if (!o->is_claimed && (!strcmp(o->path, name) || !strcmp(loader_base(o->path), loader_base(name)) || !strcmp(o->soname, name)))
			return (int)i;
	}
	return -1;
}

static int first_unclaimed(const struct loader *l)
{
	for (unsigned i = 1; i < l->count; i++)
		if (!l->objects[i].is_claimed)
			return (int)i;
	return -1;
}

/* A second name of a file that is loaded already, which ld.so opens and closes again (the same inode): the file beside it under that name, as it is
 * now. -1: there is none. */
static int same_file(const struct loader *l, const char *name, char path[PATH_MAX])
{
	struct stat first, second;

	for (unsigned i = 1; i < l->count && !strchr(name, '/'); i++) {
		const char *loaded = l->objects[i].path;
		if (!l->objects[i].is_claimed || *loaded != '/')
			continue;
		snprintf(path, PATH_MAX, "%.*s%s", (int)(loader_base(loaded) - loaded), loaded, name);
		if (stat(path, &second) == 0 && stat(loaded, &first) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino)
			return (int)i;
	}
	return -1;
}

/* The folders that objects up the chain name: DT_RPATH counts where the object itself has no DT_RUNPATH. */
static int try_rpaths(struct loader *l, int index, const char *name, const char *found)
{
	if (index < 0 || *l->objects[index].runpath)
		return 0;
	for (int i = index, depth = 0; i >= 0 && depth < (int)l->count; i = l->objects[i].parent, depth++)
		if (!*l->objects[i].runpath && loader_try_list(l, l->objects[i].rpath, ":", i, name, found))
			return 1;
	return 0;
}

/* found: the file that it has led to; "": to none. */
static void search_for(struct loader *l, const struct source *s, int by, const char *name, const char *found)
{
	char path[PATH_MAX], origin[PATH_MAX];

	if (strchr(name, '/')) {
		loader_origin(l, by, origin);
		loader_expand(l, name, strlen(name), origin, path);
		loader_says(l, START_OPENED, *found ? 0 : ENOENT, "%s", path);
		return;
	}
	if (!try_rpaths(l, by, name, found) && !loader_try_list(l, loader_library_path(l, s), ":;", 0, name, found) &&
	    !loader_try_list(l, l->objects[by].runpath, ":", by, name, found))
		search_behind(l, &l->objects[by], name, found);
}

void loader_search(struct loader *l, const struct source *s, int by, const char *name)
{
	char path[PATH_MAX];
	int index, same;

	if (is_known(l, name))
		return;
	index = object_named(l, name);
	if (index < 0 && (same = same_file(l, name, path)) >= 0) {
		l->objects[same].alias = name;
		search_for(l, s, by, name, path);
		return;
	}
	if (index < 0 && (index = first_unclaimed(l)) < 0)
		return;
	struct loaded *o = &l->objects[index];
	o->is_claimed = 1;
	o->alias = name;
	o->parent = by;
	if (!loader_is_ours(o->path))
		search_for(l, s, by, name, o->path);
}

static void preload(struct loader *l, const struct source *s, const char *name)
{
	int index = is_known(l, name) ? -1 : object_named(l, name);

	if (index >= 0 && (!strcmp(l->objects[index].path, name) || !strcmp(loader_base(l->objects[index].path), loader_base(name)))) {
		loader_search(l, s, 0, name);
		/* NB: `name` does not stay. */
		l->objects[index].alias = strchr(name, '/') ? NULL : loader_base(l->objects[index].path);
	} else if (!is_known(l, name) && !loader_is_ours(name)) {
		/* One that is not loaded was not found, which ld.so said. */
		search_for(l, s, 0, name, "");
	}
}

static void preload_all(struct loader *l, const struct source *s, const char *list)
{
	char name[PATH_MAX];

	for (; list && *list;) {
		list += strspn(list, " :");
		size_t length = strcspn(list, " :");
		if (length && length < sizeof name) {
			snprintf(name, sizeof name, "%.*s", (int)length, list);
			preload(l, s, name);
		}
		list += length;
	}
}

/* All lists of preloads, in the order in which they were loaded; the file's names are those that are in the way of the next search. */
void loader_preloads(struct loader *l, const struct source *s)
{
	preload_all(l, s, loader_variable(s, "LD_PRELOAD"));
	preload_all(l, s, l->preloads);
	/* An entry that exec.c has added is not in the environment that the program sees. */
	for (unsigned i = 1; i < l->count; i++)
		l->objects[i].is_claimed |= loader_is_ours(l->objects[i].path);
	if (l->preload_file <= 0)
		loader_says(l, START_ACCESS, -l->preload_file, "/etc/ld.so.preload");
	if (l->preload_file == 0)
		loader_says(l, START_OPENED, 0, "/etc/ld.so.preload");
}
