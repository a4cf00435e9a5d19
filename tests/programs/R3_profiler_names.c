/* Spends a while in system calls, made through stdio and directly: what a profiler should find is fwrite's write, and read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static char buffer[65536];

__attribute__((noinline)) void by_stdio(FILE *f)
{
	fwrite(buffer, 1, 64, f);
	fflush(f);
	__asm__ volatile("");
}

__attribute__((noinline)) void directly(int fd)
{
	if (read(fd, buffer, sizeof buffer) != sizeof buffer)
		_exit(1);
	__asm__ volatile("");
}

int main(void)
{
	FILE *f = fopen("/dev/null", "w");
	int fd = open("/dev/zero", O_RDONLY);
	struct timespec start, now;

	puts("started");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 40; i++) {
			by_stdio(f);
			if (i % 4 == 0)
				directly(fd);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 10 + now.tv_nsec / 100000000 < start.tv_sec * 10 + start.tv_nsec / 100000000 + 15);
	puts("done");
	return 0;
}
