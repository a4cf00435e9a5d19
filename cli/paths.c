/* Paths in use, in a tree of folders: a rename looks at what it changes, and not at all that is there. */
#include "paths.h"
#include "path_text.h"
#include "recording.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* A straight path that is in use, or that something below is. */
struct node {
	struct node *folder; /* NULL: it is in / */
	unsigned users;      /* paths, and nodes below */
	struct path *paths;
	struct node *inside, *next, *prev;
	UT_hash_handle hh;
	char name[];
};

struct paths {
	struct node *nodes;
	struct path *recent; /* is kept: most files are opened where one was just closed, if not the same again */
};

static struct node *node_find(const struct paths *all, const char *name, size_t length)
{
	struct node *node;

	HASH_FIND(hh, all->nodes, name, length, node);
	return node;
}

/* One more user has it. */
static struct node *node_used(struct paths *all, const char *name, size_t length)
{
	struct node *node = node_find(all, name, length);

	if (!node) {
		const char *end = memrchr(name, '/', length);
		node = zeroed(sizeof *node + length + 1);
		memcpy(node->name, name, length);
		HASH_ADD_KEYPTR(hh, all->nodes, node->name, length, node);
		if (end && end > name) {
			node->folder = node_used(all, name, (size_t)(end - name));
			DL_APPEND(node->folder->inside, node);
		}
	}
	node->users++;
	return node;
}

static void node_left(struct paths *all, struct node *node)
{
	while (node && !--node->users) {
		struct node *folder = node->folder;
		if (folder)
			DL_DELETE(folder->inside, node);
		HASH_DEL(all->nodes, node);
		free(node);
		node = folder;
	}
}

static void put(struct path *path)
{
	char room[PATH_ROOM];
	const char *straight = path_straight(path->text, room);

	path->node = node_used(path->all, straight, strlen(straight));
	DL_APPEND(path->node->paths, path);
}

struct path *path_make(struct paths *all, const char *text, unsigned real)
{
	if (!text || (all->recent && all->recent->real == real && !strcmp(all->recent->text, text)))
		return text ? path_shared(all->recent) : NULL;
	struct path *path = zeroed(sizeof *path);
	path->text = copied(text);
	path->real = real;
	path->all = all;
	path->users = 2;
	put(path);
	path_drop(all->recent);
	return all->recent = path;
}

/* "/a/b": 2 */
static unsigned parts_of(const char *path)
{
	unsigned parts = 0;

	for (; path[0] && path[1]; path++)
		parts += *path == '/';
	return parts;
}

struct path *path_shared(struct path *path)
{
	if (path)
		path->users++;
	return path;
}

void path_drop(struct path *path)
{
	if (!path || --path->users)
		return;
	DL_DELETE(path->node->paths, path);
	node_left(path->all, path->node);
	free(path->text);
	free(path);
}

/* Those at this node and below. NB order: they go on using their nodes until each has its new one, so that none goes while we look for them. */
static void take(struct node *node, struct path **taken)
{
	struct node *below;

	DL_CONCAT(*taken, node->paths);
	node->paths = NULL;
	DL_FOREACH(node->inside, below)
		take(below, taken);
}

static void set(struct path *path, char *text, unsigned real)
{
	struct node *before = path->node;

	free(path->text);
	path->text = text;
	path->real = real;
	put(path);
	node_left(path->all, before);
}

/* What it leads to now may stand behind a link. */
static void move(struct path *path, size_t from, const char *to)
{
	unsigned moved = 1 + parts_of(path->node->name + from);
	char *text;

	if (asprintf(&text, "%s%s", to, path->node->name + from) < 0)
		abort();
	set(path, text, path->real < moved ? path->real : moved);
}

static void lose_all(struct path *taken)
{
	struct path *path, *next;

	DL_FOREACH_SAFE(taken, path, next)
		set(path, copied("?"), 0);
}

static void move_all(struct path *taken, const char *from, const char *to)
{
	struct path *path, *next;

	DL_FOREACH_SAFE(taken, path, next)
		move(path, strlen(from), to);
}

void paths_rename(struct paths *all, const char *from, const char *to, int exchange)
{
	struct node *node = node_find(all, from, strlen(from)), *other = exchange ? node_find(all, to, strlen(to)) : NULL;
	struct path *taken = NULL, *back = NULL;

	if (node)
		take(node, &taken);
	if (other)
		take(other, &back);
	move_all(taken, from, to);
	move_all(back, to, from);
}

void paths_lose(struct paths *all, const char *name)
{
	size_t length = strlen(name);
	struct path *taken = NULL;
	struct node *node;

	/* What is below one of them may have been taken with it already: it is taken once. */
	for (node = all->nodes; node; node = node->hh.next) {
		size_t whole = strlen(node->name);
		if (whole > length && node->name[whole - length - 1] == '/' && !strcmp(node->name + whole - length, name))
			take(node, &taken);
	}
	lose_all(taken);
}

struct paths *paths_make(void)
{
	return zeroed(sizeof(struct paths));
}

void paths_free(struct paths *all)
{
	path_drop(all->recent);
	free(all);
}
