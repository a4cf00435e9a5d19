/* Paths as text; see path_text.h. */
#include "path_text.h"

#include <string.h>

void path_tidy(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		if (from[0] == '/' && (from[1] == '/' || (from[1] == '.' && (from[2] == '/' || !from[2])))) {
			from += from[1] == '/' ? 1 : 2;
			continue;
		}
		*to++ = *from++;
	}
	/* A slash at the end says that it must be a folder, which is not another place. */
	while (to > path + 1 && to[-1] == '/')
		to--;
	if (to == path)
		*to++ = '/';
	*to = 0;
}

const char *path_straight(const char *path, char room[PATH_ROOM])
{
	size_t length, n = 0;

	if (*path != '/' || !strstr(path, "/..") || strlen(path) >= PATH_ROOM)
		return path;
	for (; *path; path += length) {
		length = 1 + strcspn(path + 1, "/");
		if (length == 3 && !strncmp(path, "/..", 3)) {
			while (n && room[--n] != '/')
				;
			continue;
		}
		memcpy(room + n, path, length);
		n += length;
	}
	if (!n)
		room[n++] = '/';
	room[n] = 0;
	return room;
}

void path_stay_below(char *path, const char *root)
{
	char *below = path + strlen(root), *rest = below;

	if (!*root || strncmp(path, root, strlen(root)) != 0)
		return;
	while (!strncmp(rest, "/..", 3) && (rest[3] == '/' || !rest[3]))
		rest += 3;
	if (rest != below)
		memmove(below, rest, strlen(rest) + 1);
}

int path_climbs_out(char *path, const char *root)
{
	char rooms[2][PATH_ROOM], *next = path;
	const char *top = path_straight(root, rooms[0]);

	while (*root && (next = strstr(next, "/.."))) {
		int goes_up = next[3] == '/' || !next[3];
		char cut = *next;
		*next = 0;
		int is_top = goes_up && !strcmp(path_straight(path, rooms[1]), top);
		*next = cut;
		if (is_top)
			return 1;
		next += 3;
	}
	return 0;
}
