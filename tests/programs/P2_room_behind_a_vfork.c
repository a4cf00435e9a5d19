/* A program looks for room for a mapping, gives it back, has a child execute something (vfork), maps something there (MAP_FIXED), and has another child do so: what it has mapped is still there. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PIECE = 64 << 10, NEAR = 8 << 20, CHILDREN = 3 };
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

static void execute(void)
{
	char *arguments[] = {"true", NULL};
	pid_t child = vfork();

	if (!child) {
		execve("/bin/true", arguments, environ);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

int main(void)
{
	char *place = room();
	long sum = 0;

	execute();
	map(place, ROOM, PROT_READ | PROT_WRITE, MAP_FIXED);
	for (size_t i = PAGE; i < NEAR; i += PAGE)
		place[ROOM - i] = 1;
	for (int i = 0; i < CHILDREN; i++)
		execute();
	for (size_t i = PAGE; i < NEAR; i += PAGE)
		sum += place[ROOM - i];
	printf("%ld pages\n", sum);
	return 0;
}
