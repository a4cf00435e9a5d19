/* The paths that descriptors and working folders lead to. Who leads to the same one shares it, and a rename changes it for all of them. */
#ifndef CLI_PATHS_H
#define CLI_PATHS_H

#include <stddef.h>

struct paths; /* all of a recording that are in use */

struct path {
	char *text;
	unsigned real; /* so many of its last parts are known to be folders, and no symbolic links: `..` behind one leads to the part before */
	unsigned users;
	struct paths *all;
	struct node *node; /* where it stands in the tree of folders */
	struct path *next, *prev; /* those that stand there too */
};

/* NULL: it is not known. */
static inline const char *path_text(const struct path *path)
{
	return path ? path->text : NULL;
}

struct paths *paths_make(void);
/* When none is in use any more. */
void paths_free(struct paths *all);

/* text NULL, not known: NULL, which the others take as well. real: of struct path. */
struct path *path_make(struct paths *all, const char *text, unsigned real);
struct path *path_shared(struct path *path);
void path_drop(struct path *path);

/* Straight paths (path_straight). A file takes those along that lead to it, a folder those that lead into it. */
void paths_rename(struct paths *all, const char *from, const char *to, int exchange);
/* Something of this name has another one now, and which it was is not known: all that have it are not known any more, nor what is below. Their text is "?". */
void paths_lose(struct paths *all, const char *name);

#endif
