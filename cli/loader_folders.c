/* The folders in which ld.so looks: lists with their tokens, subfolders by processor, and what glibc was built with; see loader_state.h. */
#include "loader_state.h"
#include "../format/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void add_subfolder(struct loader *l, const char *name)
{
	if (l->subfolders_count < SUBFOLDERS)
		snprintf(l->subfolders[l->subfolders_count++], sizeof l->subfolders[0], "%s", name);
}

#ifdef __x86_64__
static unsigned minor_of(const struct loader *l)
{
	return strncmp(l->version, "2.", 2) == 0 ? (unsigned)strtoul(l->version + 2, NULL, 10) : 0;
}

static void add_levels(struct loader *l)
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
}
#else
static void add_levels(struct loader *l)
{
	(void)l;
}
#endif

void loader_find_subfolders(struct loader *l)
{
	add_levels(l);
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
			loader_says(l, START_OPENED, 0, "%s", path);
			return 1;
		}
		loader_says(l, START_OPENED, ENOENT, "%s", path);
		if (f->known[i])
			continue;
		/* It looks whether there is such a folder at all, once. NB: what is there now stands for what was there then. */
		snprintf(path, sizeof path, "%s/%s", f->path, l->subfolders[i]);
		path[strlen(path) - 1] = 0;
		f->known[i] = stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? EXISTS : MISSING;
		loader_says(l, START_STAT, f->known[i] == EXISTS ? 0 : ENOENT, "%s", path);
	}
	return 0;
}

static int has_debians_folders(const struct loader *l)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strstr(l->objects[i].path, "/" MACHINE_FOLDER "/"))
			return 1;
	return 0;
}

void loader_expand(const struct loader *l, const char *from, size_t length, const char *origin, char to[PATH_MAX])
{
	const struct {
		const char *name, *value;
	} tokens[] = {{"ORIGIN", origin}, {"LIB", has_debians_folders(l) ? "lib/" MACHINE_FOLDER : "lib64"}, {"PLATFORM", l->platform}};
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

void loader_origin(const struct loader *l, int index, char to[PATH_MAX])
{
	if (!index && *l->origin) {
		snprintf(to, PATH_MAX, "%s", l->origin);
		return;
	}
	const char *path = index ? l->objects[index].path : l->loader ? l->program : *l->exe ? l->exe : l->file, *base = *path == '/' || !*l->directory ? "" : l->directory;
	size_t length = (size_t)(loader_base(path) - path);
	int put = snprintf(to, PATH_MAX, "%s%s%.*s", base, *base && base[strlen(base) - 1] != '/' ? "/" : "", (int)length, path);

	for (put = put < PATH_MAX ? put : PATH_MAX - 1; put > 1 && to[put - 1] == '/'; put--)
		to[put - 1] = 0;
	if (!*to)
		snprintf(to, PATH_MAX, ".");
}

int loader_try_list(struct loader *l, const char *list, const char *separators, int index, const char *name, const char *found)
{
	char origin[PATH_MAX], path[PATH_MAX];

	if (!list || !*list)
		return 0;
	loader_origin(l, index, origin);
	for (;;) {
		size_t length = strcspn(list, separators);
		loader_expand(l, list, length, origin, path);
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
	static const char *const debians[] = {"/lib/" MACHINE_FOLDER, "/usr/lib/" MACHINE_FOLDER, "/lib", "/usr/lib", NULL}, *const others[] = {"/lib64", "/usr/lib64", NULL};

	return has_debians_folders(l) ? debians : others;
}

int loader_is_default(const struct loader *l, const char *path)
{
	for (const char *const *folder = default_folders(l); *folder; folder++)
		if (!strncmp(path, *folder, strlen(*folder)) && path[strlen(*folder)] == '/')
			return 1;
	return 0;
}

int loader_try_defaults(struct loader *l, const char *name, const char *found)
{
	for (const char *const *folder = default_folders(l); *folder; folder++)
		if (try_folder(l, folder_of(l, *folder, strlen(*folder)), name, found))
			return 1;
	return 0;
}
