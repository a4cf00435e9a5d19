/* Waits in a read that never ends: alone, or with a second thread that waits inside fgets. The driver looks at it with gdb. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int ends[2];

__attribute__((noinline)) void wait_for_ever(void)
{
	char c;
	while (read(ends[0], &c, 1) < 0)
		;
}

__attribute__((noinline)) void *wait_for_line(void *unused)
{
	char line[8];
	FILE *f = fdopen(dup(ends[0]), "r");

	(void)unused;
	return fgets(line, sizeof line, f);
}

int main(void)
{
	pthread_t thread;

	if (pipe(ends) || pthread_create(&thread, NULL, wait_for_line, NULL))
		return 1;
	puts("waiting");
	fflush(stdout);
	alarm(50); /* should the driver die */
	wait_for_ever();
	return 0;
}
