/* Floor 0: the names in a folder. Freestanding. Any context. */
#ifndef SHIM_SYS_FOLDER_H
#define SHIM_SYS_FOLDER_H

#include "raw.h"

/* The names in an open folder, one after the other, by getdents64(2), read into room of the caller's, aligned to 8: 280 bytes hold any name, 240 those of numbers. */
struct folder_names {
	long fd;
	char *room;
	unsigned long room_size;
	long got, at;
};

/* NULL at the end, or where the folder cannot be read. */
static inline const char *folder_next(struct folder_names *n)
{
	struct entry {
		uint64_t inode;
		int64_t offset;
		uint16_t size;
		uint8_t type;
		char name[];
	};

	if (n->at >= n->got) {
		n->got = RAW(__NR_getdents64, n->fd, n->room, n->room_size);
		n->at = 0;
		if (n->got <= 0)
			return NULL;
	}
	const struct entry *entry = (const struct entry *)(n->room + n->at);
	n->at += entry->size;
	return entry->name;
}

static inline void folder_from_the_start(struct folder_names *n)
{
	RAW(__NR_lseek, n->fd, 0, 0 /* SEEK_SET */);
	n->got = n->at = 0;
}

#endif
