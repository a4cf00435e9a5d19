/* Writes a row of lines and dies with them behind it, three calls deep: `fault`, `abort`, `overflow` of the stack, `killed` while it computes (it
 * says its number by then), `divides`. So a core is left whose frames and variables a debugger knows. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile long lines_written;
static volatile int zero;

/* frames of an overflow are large, so that there are few */
__attribute__((noinline)) static int overflows(volatile char *above)
{
	volatile char large[65536];

	large[0] = above ? above[0] : 0;
	return zero ? 0 : overflows(large) + large[1];
}

__attribute__((noinline)) static void dies(const char *way)
{
	volatile long seen_by_debugger = 4711;

	switch (way[0]) {
	case 'f':
		*(volatile int *)8 = 1;
		break;
	case 'a':
		abort();
	case 'o':
		overflows(NULL);
		break;
	case 'd':
		zero = 100 / zero;
		break;
	default:
		for (;;)
			seen_by_debugger++;
	}
	lines_written = seen_by_debugger;
}

__attribute__((noinline)) static void works(int fd, const char *way)
{
	char text[64];

	for (int i = 0; i < 500; i++) {
		int length = sprintf(text, "line %d\n", i);
		if (write(fd, text, (size_t)length) != length)
			_exit(90);
		lines_written++;
	}
	dies(way);
	lines_written++; /* so that it stands on the stack */
}

int main(int argc, char **argv)
{
	int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)argc;
	works(fd, argv[1]);
	return 0;
}
