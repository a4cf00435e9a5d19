/* A program looks for room for a mapping, gives it back, and maps something there later (MAP_FIXED), or has a stack that is to grow into it (MAP_GROWSDOWN): in a process of one thread
 * nobody takes it in between but who makes calls of his own in its writes. */
/* coalesces: yes */
#include "burst.h"
#include "room.h"

enum { DEPTH = 64 };

/* How many pages of the room are there though nobody has touched them. */
static size_t touched(char *place)
{
	static unsigned char pages[ROOM / PAGE];
	size_t count = 0;

	if (map(place, ROOM, PROT_READ | PROT_WRITE, MAP_FIXED) != place)
		die("mmap at a place");
	burst(3, "line", 100, 200);
	if (mincore(place, ROOM, pages))
		die("mincore");
	for (size_t i = 0; i < ROOM / PAGE; i++)
		count += pages[i] & 1;
	return count;
}

static int is_taken_later(void)
{
	char *place = room();

	burst(3, "line", 0, 100);
	return touched(place) != 0;
}

static int grows(void)
{
	char *top = room() + ROOM - PAGE;

	map(top, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_GROWSDOWN);
	burst(3, "line", 0, 100);
	for (int i = 1; i < DEPTH; i++)
		((volatile char *)top)[-i * PAGE] = 1;
	return 0;
}

static int in_a_child(int (*way)(void))
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(way() != 0);
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	int fd = open("first.out", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);

	if (fd < 0 || dup2(fd, 3) != 3)
		die("open");
	burst(3, "parent", 0, 100);
	printf("taken later: %#x\n", in_a_child(is_taken_later));
	printf("grows: %#x\n", in_a_child(grows));
	return 0;
}
