/* A program looks for room for a mapping, gives it back, and forks; the child, and a child of that, map something there (MAP_FIXED) and read what nobody has written there. */
#define _GNU_SOURCE
#include "room.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 100, DEPTH = 3 };

/* How many pages of the room are there though nobody has touched them. */
static size_t touched(char *place)
{
	static unsigned char pages[ROOM / PAGE];
	size_t count = 0;

	map(place, ROOM, PROT_READ | PROT_WRITE, MAP_FIXED);
	for (int i = 0; i < CALLS; i++)
		close(open("nowhere", O_RDONLY));
	if (mincore(place, ROOM, pages))
		exit(91);
	for (size_t i = 0; i < ROOM / PAGE; i++)
		count += pages[i] & 1;
	return count;
}

static void generation(char *place, int depth)
{
	pid_t child = fork();

	if (!child) {
		if (depth < DEPTH)
			generation(place, depth + 1);
		printf("%d: %zu pages are there\n", depth, touched(place));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(void)
{
	generation(room(), 1);
	return 0;
}
