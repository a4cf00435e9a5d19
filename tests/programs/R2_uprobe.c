/* Calls write, openat, getpid, read and lseek without pause for as many milliseconds as its argument says and checks every result.
 * A call that a probe made to vanish, or that became another call, shows as a wrong result. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long end = now_ms() + (argc > 1 ? atol(argv[1]) : 100), wrong = 0, rounds = 0;
	pid_t self = getpid();
	char buffer[8];

	/* in the output, so that the driver knows when to attach */
	puts("started");
	fflush(stdout);
	while (now_ms() < end) {
		int fd = openat(AT_FDCWD, "file", O_RDWR | O_CREAT | O_TRUNC, 0600);
		wrong += fd != 3;
		wrong += write(fd, "12345678", 8) != 8;
		wrong += getpid() != self;
		wrong += lseek(fd, 0, SEEK_SET) != 0;
		memset(buffer, 0, 8);
		wrong += read(fd, buffer, 8) != 8 || memcmp(buffer, "12345678", 8) != 0;
		wrong += close(fd) != 0;
		rounds++;
	}
	printf("wrong results: %ld, rounds: %s\ndone\n", wrong, rounds > 100 ? "enough" : "too few");
	return 0;
}
