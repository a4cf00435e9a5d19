/* The start of a program, replayed: ld.so's search for libraries as ld.so(8) documents it and glibc does it (elf/dl-load.c, elf/rtld.c), from what
 * the loaded objects say of each other. Which file was found is known, because it is loaded; what was tried before follows. */
#include "loader.h"
#include "loader_cache.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 512, NAMES = 128, FOLDERS = 64, SUBFOLDERS = 40, LEVELS = 3, INTEL = 8 };

struct loaded {
	char *texts; /* of the record, copied */
	const char *path, *soname, *rpath, *runpath, *needed[NAMES];
	unsigned needed_count;
	uint64_t flags;
	int parent;          /* index of who needed it; -1 */
	const char *alias;   /* the name under which it was searched for */
	int is_claimed;
};

/* A folder of a search list with what is known of its subfolders. */
struct folder {
	char path[PATH_MAX];
	uint8_t known[SUBFOLDERS]; /* 0, EXISTS, MISSING */
};
enum { EXISTS = 1, MISSING };

struct loader {
	char *start; /* START's texts, copied; NULL: none yet */
	const char *directory; /* the working one at birth; "": not known */
	const char *version, *file, *interpreter, *exe, *platform, *origin;
	/* Where ld.so was executed: itself (else NULL), and what its options say. */
	const char *loader, *program, *library_path, *preloads;
	int inhibits_cache;
	uint32_t levels;
	int preload_file;
	struct loaded objects[MOST];
	unsigned count;
	struct folder folders[FOLDERS];
	unsigned folders_count;
	char subfolders[SUBFOLDERS][64];
	unsigned subfolders_count;
	uint32_t cache_then; /* as START has it */
	int cache_told, is_whole;
	void (*tell)(void *self, enum start_call call, const char *path, int error);
	void *self;
};

struct loader *loader_make(void)
{
	return zeroed(sizeof(struct loader));
}

static void forget(struct loader *l)
{
	for (unsigned i = 0; i < l->count; i++)
		free(l->objects[i].texts);
	free(l->start);
	/* NB: it is large, and little of it is used. */
	l->start = NULL;
	l->count = l->folders_count = l->subfolders_count = 0;
	l->cache_told = l->inhibits_cache = 0;
	l->loader = l->program = l->library_path = l->preloads = NULL;
}

void loader_free(struct loader *l)
{
	if (l)
		forget(l);
	free(l);
}

/* The next of the texts of a record; behind the last, "". */
static const char *next(const char **at, const char *end)
{
	const char *text = *at;
	size_t length = text < end ? strnlen(text, (size_t)(end - text)) : 0;

	if (text + length >= end) {
		*at = end;
		return "";
	}
	*at += length + 1;
	return text;
}

static char *texts_copy(const struct record_word *word, const char *from, const char **end)
{
	size_t size = (size_t)((const char *)word + word->size * 8 - from);
	char *copy = zeroed(size + 1);

	memcpy(copy, from, size);
	*end = copy + size;
	return copy;
}

/* NB: argv[0] may be anything. Its word is taken only where it leads to what runs. */
static const char *loaders_path(const struct loader *l, const char *argument)
{
	char path[PATH_MAX];

	return *argument == '/' && realpath(argument, path) && !strcmp(path, l->exe) ? argument : l->exe;
}

/* ld.so's command line: options, the program, the program's arguments. Those of which the search is not replayed leave it in part (elf/rtld.c, dl_main). */
static void take_options(struct loader *l, const char *at, const char *end)
{
	const char *option, *ignored;
	const struct {
		const char *name, **value;
	} known[] = {{"--library-path", &l->library_path}, {"--preload", &l->preloads}, {"--argv0", &ignored}}, *o;

	l->loader = loaders_path(l, next(&at, end));
	l->exe = "";
	l->program = l->file;
	while (option = next(&at, end), !strncmp(option, "--", 2)) {
		for (o = known; o < known + 3 && strcmp(o->name, option) != 0; o++) {
		}
		if (o < known + 3)
			*o->value = next(&at, end);
		else if (!strcmp(option, "--inhibit-cache"))
			l->inhibits_cache = 1;
		else
			l->is_whole = 0;
		/* Of the ones that are left these have a value. */
		if (!strcmp(option, "--inhibit-rpath") || !strcmp(option, "--audit") || !strncmp(option, "--glibc-hwcaps-", 15))
			next(&at, end);
	}
	if (*option)
		l->program = option;
	l->is_whole &= strchr(option, '/') != NULL;
}

void loader_take(struct loader *l, const struct source *s, const struct record_word *word)
{
	const char *end, *at;

	(void)s;
	if (word->kind == RECORD_START) {
		const struct record_start *start = (const void *)word;
		forget(l);
		l->is_whole = 1;
		l->levels = start->levels;
		/* A damaged record may have what is no error. */
		l->preload_file = start->preload_file && !is_failure(start->preload_file) ? 1 : start->preload_file;
		l->cache_then = start->cache;
		at = l->start = texts_copy(word, start->texts, &end);
		l->version = next(&at, end);
		l->file = next(&at, end);
		l->interpreter = next(&at, end);
		l->exe = next(&at, end);
		l->platform = next(&at, end);
		l->origin = start->levels & RECORD_ORIGIN ? next(&at, end) : "";
		if (start->levels & RECORD_BY_LOADER)
			take_options(l, at, end);
	} else if (l->start && l->count < MOST) {
		const struct record_object *object = (const void *)word;
		struct loaded *o = &l->objects[l->count++];
		*o = (struct loaded){.flags = object->flags, .parent = -1};
		at = o->texts = texts_copy(word, object->texts, &end);
		o->path = next(&at, end);
		o->soname = next(&at, end);
		o->rpath = next(&at, end);
		o->runpath = next(&at, end);
		while (o->needed_count < object->needed && o->needed_count < NAMES)
			o->needed[o->needed_count++] = next(&at, end);
		if (o->needed_count < object->needed)
			l->is_whole = 0;
	}
}

int loader_is_ready(const struct loader *l)
{
	return l->start != NULL;
}

static const char *variable(const struct source *s, const char *name)
{
	const struct record_header *h = s->header;
	size_t length = strlen(name);
	const char *end = h->environment + (h->environment_size < sizeof h->environment ? h->environment_size : sizeof h->environment);

	for (const char *at = h->environment; at < end;) {
		size_t size = strnlen(at, (size_t)(end - at));
		if (at + size == end)
			return NULL;
		if (size > length && !strncmp(at, name, length) && at[length] == '=')
			return at + length + 1;
		at += size + 1;
	}
	return NULL;
}

static const char *library_path(const struct loader *l, const struct source *s)
{
	return l->library_path ? l->library_path : variable(s, "LD_LIBRARY_PATH");
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The shim itself is no part of what the program would open without it. */
static int is_ours(const char *path)
{
	return !strcmp(base_of(path), "libsysshim.so");
}

static void tell(struct loader *l, enum start_call call, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void tell(struct loader *l, enum start_call call, int error, const char *format, ...)
{
	char path[3 * PATH_MAX];
	va_list values;

	va_start(values, format);
	vsnprintf(path, sizeof path, format, values);
	va_end(values);
	l->tell(l->self, call, path, error);
}

static unsigned minor_of(const struct loader *l)
{
	return strncmp(l->version, "2.", 2) == 0 ? (unsigned)strtoul(l->version + 2, NULL, 10) : 0;
}

static void add_subfolder(struct loader *l, const char *name)
{
	if (l->subfolders_count < SUBFOLDERS)
		snprintf(l->subfolders[l->subfolders_count++], sizeof l->subfolders[0], "%s", name);
}

/* glibc-hwcaps from 2.33 on; up to 2.36 all subsets of what the processor is, in the order of elf/dl-hwcaps.c; the folder itself, last. */
static void find_subfolders(struct loader *l)
{
	static const char *const levels[LEVELS] = {"v2", "v3", "v4"};
	const char *old[4];
	unsigned count = 0;
	char name[64];

	for (unsigned i = LEVELS; minor_of(l) >= 33 && i--;)
		if (l->levels >> i & 1) {
			snprintf(name, sizeof name, "glibc-hwcaps/x86-64-%s/", levels[i]);
			add_subfolder(l, name);
		}
	if (minor_of(l) <= 36) {
		int intel = (l->levels & INTEL) != 0;
		old[count++] = "x86_64/";
		if (intel && l->levels & 4)
			old[count++] = "avx512_1/";
		old[count++] = intel && l->levels & 2 ? "haswell/" : "x86_64/";
		old[count++] = "tls/";
		for (unsigned set = (1u << count) - 1; set; set--) {
			*name = 0;
			for (unsigned i = count; i--;)
				if (set >> i & 1)
					strcat(name, old[i]);
			add_subfolder(l, name);
		}
	}
	add_subfolder(l, "");
}

static struct folder *folder_of(struct loader *l, const char *path, size_t length)
{
	for (unsigned i = 0; i < l->folders_count; i++)
		if (strlen(l->folders[i].path) == length && !memcmp(l->folders[i].path, path, length))
			return &l->folders[i];
	if (l->folders_count == FOLDERS || length >= PATH_MAX)
		return NULL;
	struct folder *f = &l->folders[l->folders_count++];
	memcpy(f->path, path, length);
	f->path[length] = 0;
	/* A relative one is not looked at: it changes with the working folder (fillin_rpath). */
	memset(f->known, *path == '/' ? 0 : EXISTS, sizeof f->known);
	return f;
}

/* One folder of a list: was it found there? */
static int try_folder(struct loader *l, struct folder *f, const char *name, const char *found)
{
	char path[3 * PATH_MAX];
	struct stat status;

	for (unsigned i = 0; f && i < l->subfolders_count; i++) {
		if (f->known[i] == MISSING)
			continue;
		snprintf(path, sizeof path, "%s/%s%s", f->path, l->subfolders[i], name);
		if (!strcmp(path, found)) {
			f->known[i] = EXISTS;
			tell(l, START_OPENED, 0, "%s", path);
			return 1;
		}
		tell(l, START_OPENED, ENOENT, "%s", path);
		if (f->known[i])
			continue;
		/* It looks whether there is such a folder at all, once. NB: what is there now stands for what was there then. */
		snprintf(path, sizeof path, "%s/%s", f->path, l->subfolders[i]);
		path[strlen(path) - 1] = 0;
		f->known[i] = stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? EXISTS : MISSING;
		tell(l, START_STAT, f->known[i] == EXISTS ? 0 : ENOENT, "%s", path);
	}
	return 0;
}

static int has_debians_folders(const struct loader *l)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strstr(l->objects[i].path, "/x86_64-linux-gnu/"))
			return 1;
	return 0;
}

/* $ORIGIN, $LIB and $PLATFORM, with and without braces. */
static void expand(const struct loader *l, const char *from, size_t length, const char *origin, char to[PATH_MAX])
{
	const struct {
		const char *name, *value;
	} tokens[] = {{"ORIGIN", origin}, {"LIB", has_debians_folders(l) ? "lib/x86_64-linux-gnu" : "lib64"}, {"PLATFORM", l->platform}};
	size_t used = 0;

	for (size_t i = 0; i < length && used < PATH_MAX - 1;) {
		size_t step = 1, k;
		const char *value = NULL;
		for (k = 0; from[i] == '$' && k < 3 && !value; k++) {
			size_t braces = from[i + 1] == '{', size = strlen(tokens[k].name);
			if (i + 1 + braces + size <= length && !strncmp(from + i + 1 + braces, tokens[k].name, size) && (!braces || from[i + 2 + size] == '}')) {
				value = tokens[k].value;
				step = 1 + size + 2 * braces;
			}
		}
		int put = value ? snprintf(to + used, PATH_MAX - used, "%s", value) : snprintf(to + used, PATH_MAX - used, "%c", from[i]);
		used += (size_t)put;
		i += step;
	}
	to[used < PATH_MAX ? used : PATH_MAX - 1] = 0;
}

/* Its folder; of a relative path as ld.so makes it absolute, which leaves what it finds (elf/dl-object.c). */
static void origin_of(const struct loader *l, int index, char to[PATH_MAX])
{
	if (!index && *l->origin) {
		snprintf(to, PATH_MAX, "%s", l->origin);
		return;
	}
	const char *path = index ? l->objects[index].path : l->loader ? l->program : *l->exe ? l->exe : l->file, *base = *path == '/' || !*l->directory ? "" : l->directory;
	size_t length = (size_t)(base_of(path) - path);
	int put = snprintf(to, PATH_MAX, "%s%s%.*s", base, *base && base[strlen(base) - 1] != '/' ? "/" : "", (int)length, path);

	for (put = put < PATH_MAX ? put : PATH_MAX - 1; put > 1 && to[put - 1] == '/'; put--)
		to[put - 1] = 0;
	if (!*to)
		snprintf(to, PATH_MAX, ".");
}

/* A list with colons (and semicolons, in the variable): was it found in one of its folders? */
static int try_list(struct loader *l, const char *list, const char *separators, int index, const char *name, const char *found)
{
	char origin[PATH_MAX], path[PATH_MAX];

	if (!list || !*list)
		return 0;
	origin_of(l, index, origin);
	for (;;) {
		size_t length = strcspn(list, separators);
		expand(l, list, length, origin, path);
		size_t size = strlen(path);
		while (size > 1 && path[size - 1] == '/')
			size--;
		if (try_folder(l, size ? folder_of(l, path, size) : folder_of(l, ".", 1), name, found))
			return 1;
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

/* The folders that glibc was built with; false: another distribution's, which are not known. */
static const char *const *default_folders(const struct loader *l)
{
	static const char *const debians[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib", NULL}, *const others[] = {"/lib64", "/usr/lib64", NULL};

	return has_debians_folders(l) ? debians : others;
}

/* Does this file lie below one of them? */
static int is_default(const struct loader *l, const char *path)
{
	for (const char *const *folder = default_folders(l); *folder; folder++)
		if (!strncmp(path, *folder, strlen(*folder)) && path[strlen(*folder)] == '/')
			return 1;
	return 0;
}

static int try_defaults(struct loader *l, const char *name, const char *found)
{
	for (const char *const *folder = default_folders(l); *folder; folder++)
		if (try_folder(l, folder_of(l, *folder, strlen(*folder)), name, found))
			return 1;
	return 0;
}

/* Does the cache of then lead from this name to this file? If not, *other is where it leads to; NULL: nowhere, or not known. */
static int cache_has(struct loader *l, const char *name, const char *found, const char **other)
{
	*other = NULL;
	if (l->inhibits_cache)
		return 0;
	if (!l->cache_told)
		tell(l, START_OPENED, l->cache_then == RECORD_CACHE_MISSING ? ENOENT : 0, "/etc/ld.so.cache");
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
		if (other && (has_defaults || !is_default(l, other)))
			tell(l, START_OPENED, ENOENT, "%s", other);
		if (has_defaults && (!*found || is_default(l, found)) && try_defaults(l, name, found))
			return;
		l->is_whole &= !*found;
	}
	if (*found)
		tell(l, START_OPENED, 0, "%s", found);
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
		if (!o->is_claimed && (!strcmp(o->path, name) || !strcmp(base_of(o->path), base_of(name)) || !strcmp(o->soname, name)))
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
		snprintf(path, PATH_MAX, "%.*s%s", (int)(base_of(loaded) - loaded), loaded, name);
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
		if (!*l->objects[i].runpath && try_list(l, l->objects[i].rpath, ":", i, name, found))
			return 1;
	return 0;
}

/* found: the file that it has led to; "": to none. */
static void search_for(struct loader *l, const struct source *s, int by, const char *name, const char *found)
{
	char path[PATH_MAX], origin[PATH_MAX];

	if (strchr(name, '/')) {
		origin_of(l, by, origin);
		expand(l, name, strlen(name), origin, path);
		tell(l, START_OPENED, *found ? 0 : ENOENT, "%s", path);
		return;
	}
	if (!try_rpaths(l, by, name, found) && !try_list(l, library_path(l, s), ":;", 0, name, found) &&
	    !try_list(l, l->objects[by].runpath, ":", by, name, found))
		search_behind(l, &l->objects[by], name, found);
}

static void search(struct loader *l, const struct source *s, int by, const char *name)
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
	if (!is_ours(o->path))
		search_for(l, s, by, name, o->path);
}

static void preload(struct loader *l, const struct source *s, const char *name)
{
	int index = is_known(l, name) ? -1 : object_named(l, name);

	if (index >= 0 && (!strcmp(l->objects[index].path, name) || !strcmp(base_of(l->objects[index].path), base_of(name)))) {
		search(l, s, 0, name);
		/* NB: `name` does not stay. */
		l->objects[index].alias = strchr(name, '/') ? NULL : base_of(l->objects[index].path);
	} else if (!is_known(l, name) && !is_ours(name)) {
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
static void preloads(struct loader *l, const struct source *s)
{
	preload_all(l, s, variable(s, "LD_PRELOAD"));
	preload_all(l, s, l->preloads);
	/* An entry that exec.c has added is not in the environment that the program sees. */
	for (unsigned i = 1; i < l->count; i++)
		l->objects[i].is_claimed |= is_ours(l->objects[i].path);
	if (l->preload_file <= 0)
		tell(l, START_ACCESS, -l->preload_file, "/etc/ld.so.preload");
	if (l->preload_file == 0)
		tell(l, START_OPENED, 0, "/etc/ld.so.preload");
}

static int has_token(const char *list)
{
	return list && strchr(list, '$') != NULL;
}

/* ld.so asks where the program lies when one of the program's own lists says so, or the user's. Of libraries it knows their paths. */
static int asks_own_place(const struct loader *l, const struct source *s)
{
	const struct loaded *program = &l->objects[0];
	int asks = has_token(library_path(l, s)) || has_token(variable(s, "LD_PRELOAD"));

	for (unsigned i = 0; l->count && i < program->needed_count; i++)
		asks |= has_token(program->needed[i]);
	return asks || (l->count && (has_token(program->runpath) || has_token(program->rpath)));
}

static void executed(struct loader *l, const struct source *s)
{
	int is_script = *l->exe && strcmp(l->exe, l->file) != 0;

	if (l->loader) {
		tell(l, START_EXECUTED, 0, "%s", *l->loader ? l->loader : "?");
		tell(l, START_OPENED, 0, "%s", l->program);
		return;
	}
	tell(l, START_EXECUTED, 0, "%s", *l->file ? l->file : "?");
	if (is_script)
		tell(l, START_INTERPRETED, 0, "%s", l->exe);
	if (*l->interpreter)
		tell(l, START_INTERPRETED, 0, "%s", l->interpreter);
	if (asks_own_place(l, s))
		tell(l, START_READLINK, 0, "/proc/self/exe");
}

int loader_tell(struct loader *l, const struct source *s, void (*to)(void *self, enum start_call call, const char *path, int error), void *self)
{
	l->tell = to;
	l->self = self;
	l->directory = memchr(s->header->directory, 0, sizeof s->header->directory) ? s->header->directory : "";
	executed(l, s);
	if (!*l->version || !l->count) {
		for (unsigned i = 1; i < l->count; i++)
			if (strchr(l->objects[i].path, '/') && !is_ours(l->objects[i].path) && strcmp(l->objects[i].path, l->interpreter) != 0)
				tell(l, START_OPENED, 0, "%s", l->objects[i].path);
		forget(l);
		return 0;
	}
	find_subfolders(l);
	/* The program, what the kernel maps, and ld.so itself are there without a search. */
	for (unsigned i = 0; i < l->count; i++)
		l->objects[i].is_claimed = i == 0 || !strncmp(l->objects[i].path, "linux-", 6) || !strcmp(l->objects[i].path, l->interpreter) ||
					   (l->loader && !strcmp(l->objects[i].soname, base_of(l->interpreter)));
	preloads(l, s);
	for (unsigned i = 0; i < l->count; i++)
		for (unsigned k = 0; k < l->objects[i].needed_count; k++)
			search(l, s, (int)i, l->objects[i].needed[k]);
	/* What nobody has named came from a list that we do not have. */
	for (unsigned i = 0; i < l->count; i++)
		if (!l->objects[i].is_claimed) {
			tell(l, START_OPENED, 0, "%s", l->objects[i].path);
			l->is_whole = l->preload_file == 0 && l->is_whole;
		}
	int is_whole = l->is_whole;
	forget(l);
	return is_whole;
}
