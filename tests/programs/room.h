/* Of programs that look for room for a mapping, give it back, and map something there later. */
#ifndef ROOM_H
#define ROOM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, PIECE = 64 << 10 };
#define ROOM (2ul << 30)

static char *map(void *at, size_t size, int protection, int flags)
{
	char *place = mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (place == MAP_FAILED) {
		perror("mmap");
		exit(90);
	}
	return place;
}

/* The first place that the next mapping would have: smaller gaps above it are filled. */
static char *room(void)
{
	char *place = map(NULL, ROOM, PROT_NONE, 0);

	while (map(NULL, PIECE, PROT_NONE, 0) > place)
		;
	munmap(place, ROOM);
	return place;
}

#endif
