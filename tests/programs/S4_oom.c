/* Writes a line, waits until it must have become visible, and goes on writing while it takes memory until the kernel ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAGES_AT_ONCE = 64, PAGE = 4096, FIRST = 1000 };

static void put(long number)
{
	char line[16];
	int size = snprintf(line, sizeof line, "%ld\n", number);

	if (write(1, line, (size_t)size) != size)
		_exit(3);
}

int main(void)
{
	struct timespec pause = {0, 200000000};
	long number = 1;

	while (number <= FIRST)
		put(number++);
	nanosleep(&pause, NULL);
	for (;;) {
		char *memory = malloc((size_t)PAGES_AT_ONCE * PAGE);
		if (!memory)
			return 4;
		memset(memory, 1, (size_t)PAGES_AT_ONCE * PAGE);
		for (int i = 0; i < 10; i++)
			put(number++);
	}
}
