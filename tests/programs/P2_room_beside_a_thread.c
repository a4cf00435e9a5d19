/* A program makes a thread on a stack of its own, for which nobody maps anything natively: where it has looked for room, given it back, and maps something then (MAP_FIXED), nothing is in between; and what
 * it has locked (mlockall(2), MCL_FUTURE) is not more than before. */
#define _GNU_SOURCE
#include "room.h"
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK = 1 << 20, TURNS = 10, FEW = 64 /* KiB */ };

static char stack[STACK] __attribute__((aligned(PAGE)));
static int there[2], back[2];

static void die(const char *what)
{
	perror(what);
	exit(90);
}

static void *answer(void *nothing)
{
	char byte;

	while (read(there[0], &byte, 1) == 1)
		if (write(back[1], &byte, 1) != 1)
			die("write");
	return nothing;
}

static void make_thread(void)
{
	pthread_t thread;
	pthread_attr_t attributes;

	if (pipe(there) || pipe(back) || pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, stack, STACK) || pthread_create(&thread, &attributes, answer, NULL))
		die("thread");
}

static void talk(void)
{
	char byte = 'x';

	for (int i = 0; i < TURNS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			die("pipe");
}

/* How many pages of the room are there though nobody has touched them. */
static int is_taken(void)
{
	static unsigned char pages[ROOM / PAGE];
	size_t count = 0;
	char *place = room();

	make_thread();
	talk();
	if (map(place, ROOM, PROT_READ | PROT_WRITE, MAP_FIXED) != place)
		die("mmap at a place");
	talk();
	if (mincore(place, ROOM, pages))
		die("mincore");
	for (size_t i = 0; i < ROOM / PAGE; i++)
		count += pages[i] & 1;
	return count != 0;
}

static long locked(void)
{
	char text[4096];
	FILE *file = fopen("/proc/self/status", "r");
	size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
	char *line;

	text[size] = 0;
	if (!file || fclose(file) || !(line = strstr(text, "VmLck:")))
		die("status");
	return atol(line + strlen("VmLck:"));
}

static int locks_more(void)
{
	long before;

	if (mlockall(MCL_FUTURE))
		die("mlockall");
	before = locked();
	make_thread();
	talk();
	return locked() - before > FEW;
}

static int in_a_child(int (*way)(void))
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(way());
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	printf("taken: %#x\n", in_a_child(is_taken));
	printf("locks more: %#x\n", in_a_child(locks_more));
	return 0;
}
