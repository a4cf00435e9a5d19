/* Folders: measured, copied, compared, removed. */
#ifndef CLI_TREES_H
#define CLI_TREES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes on disk below a folder, files with several names once each; -1: it cannot be read, errno says why. */
int64_t tree_size(const char *folder);

/* Removes a folder and what is in it, also what may not be written. */
void tree_remove(const char *folder);

/* Names of everything below both folders, each once, in order; to be freed with names_free. NULL: there is no memory. */
struct names {
	char **paths; /* from the folder on, "" is itself */
	size_t count, room;
};
int names_of(struct names *names, const char *const *folders, unsigned count);
void names_free(struct names *names);

/* Do two folders hold other names? Folders that cannot be read hold none. */
int listings_differ(const char *left, const char *right);

/* Where two paths are not alike first: type, mode, link target, content. Times are not compared. */
enum { SHOWN_TEXT = 256 };
struct difference {
	const char *aspect;
	int64_t offset; /* of content; -1: another aspect */
	char left[SHOWN_TEXT], right[SHOWN_TEXT]; /* what is there, of content the bytes around it, escaped */
};
/* 1: they differ. What cannot be read is an aspect too. */
int paths_differ(const char *left, const char *right, struct difference *d);
/* The same of what two descriptors hold, from their beginning. */
int contents_differ(int left, int right, struct difference *d);

#endif
