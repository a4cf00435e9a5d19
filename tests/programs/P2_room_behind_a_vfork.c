/* A program looks for room for a mapping, gives it back, has a child execute something (vfork), maps something there (MAP_FIXED), and has another child do so: what it has mapped is still there. */
#define _GNU_SOURCE
#include "room.h"
#include <sys/wait.h>
#include <unistd.h>

enum { NEAR = 8 << 20, CHILDREN = 3 };

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
