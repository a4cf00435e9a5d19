/* The start of a program, replayed: ld.so's search for libraries as ld.so(8) documents it and glibc does it (elf/dl-load.c, elf/rtld.c), from what
 * the loaded objects say of each other. Which file was found is known, because it is loaded; what was tried before follows. */
#include "loader_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

const char *loader_variable(const struct source *s, const char *name)
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

const char *loader_library_path(const struct loader *l, const struct source *s)
{
	return l->library_path ? l->library_path : loader_variable(s, "LD_LIBRARY_PATH");
}

const char *loader_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int loader_is_ours(const char *path)
{
	return !strcmp(loader_base(path), "libsysshim.so");
}

void loader_says(struct loader *l, enum start_call call, int error, const char *format, ...)
{
	char path[3 * PATH_MAX];
	va_list values;

	va_start(values, format);
	vsnprintf(path, sizeof path, format, values);
	va_end(values);
	l->tell(l->self, call, path, error);
}

static int has_token(const char *list)
{
	return list && strchr(list, '$') != NULL;
}

/* ld.so asks where the program lies when one of the program's own lists says so, or the user's. Of libraries it knows their paths. */
static int asks_own_place(const struct loader *l, const struct source *s)
{
	const struct loaded *program = &l->objects[0];
	int asks = has_token(loader_library_path(l, s)) || has_token(loader_variable(s, "LD_PRELOAD"));

	for (unsigned i = 0; l->count && i < program->needed_count; i++)
		asks |= has_token(program->needed[i]);
	return asks || (l->count && (has_token(program->runpath) || has_token(program->rpath)));
}

static void executed(struct loader *l, const struct source *s)
{
	int is_script = *l->exe && strcmp(l->exe, l->file) != 0;

	if (l->loader) {
		loader_says(l, START_EXECUTED, 0, "%s", *l->loader ? l->loader : "?");
		loader_says(l, START_OPENED, 0, "%s", l->program);
		return;
	}
	loader_says(l, START_EXECUTED, 0, "%s", *l->file ? l->file : "?");
	if (is_script)
		loader_says(l, START_INTERPRETED, 0, "%s", l->exe);
	if (*l->interpreter)
		loader_says(l, START_INTERPRETED, 0, "%s", l->interpreter);
	if (asks_own_place(l, s))
		loader_says(l, START_READLINK, 0, "/proc/self/exe");
}

int loader_tell(struct loader *l, const struct source *s, void (*to)(void *self, enum start_call call, const char *path, int error), void *self)
{
	l->tell = to;
	l->self = self;
	l->directory = memchr(s->header->directory, 0, sizeof s->header->directory) ? s->header->directory : "";
	executed(l, s);
	if (!*l->version || !l->count) {
		for (unsigned i = 1; i < l->count; i++)
			if (strchr(l->objects[i].path, '/') && !loader_is_ours(l->objects[i].path) && strcmp(l->objects[i].path, l->interpreter) != 0)
				loader_says(l, START_OPENED, 0, "%s", l->objects[i].path);
		forget(l);
		return 0;
	}
	loader_find_subfolders(l);
	/* The program, what the kernel maps, and ld.so itself are there without a search. */
	for (unsigned i = 0; i < l->count; i++)
		l->objects[i].is_claimed = i == 0 || !strncmp(l->objects[i].path, "linux-", 6) || !strcmp(l->objects[i].path, l->interpreter) ||
					   (l->loader && !strcmp(l->objects[i].soname, loader_base(l->interpreter)));
	loader_preloads(l, s);
	for (unsigned i = 0; i < l->count; i++)
		for (unsigned k = 0; k < l->objects[i].needed_count; k++)
			loader_search(l, s, (int)i, l->objects[i].needed[k]);
	/* What nobody has named came from a list that we do not have. */
	for (unsigned i = 0; i < l->count; i++)
		if (!l->objects[i].is_claimed) {
			loader_says(l, START_OPENED, 0, "%s", l->objects[i].path);
			l->is_whole = l->preload_file == 0 && l->is_whole;
		}
	int is_whole = l->is_whole;
	forget(l);
	return is_whole;
}
