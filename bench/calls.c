/* Nanoseconds for each of a few system calls that do next to nothing in the kernel: what is left is the way there and back.
 *
 *   calls [BATCHES]
 *
 * Prints "name nanoseconds" a line: the median over BATCHES batches of 2,000 calls. The batches of all kinds take turns, so that a
 * slow moment of the machine meets all of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 2000, MOST = 1000 };

static int zero, null, file;
static char byte;

static void do_getpid(void)
{
	syscall(SYS_getpid);
}

static void do_read(void)
{
	if (read(zero, &byte, 1) != 1)
		abort();
}

static void do_write(void)
{
	if (write(null, &byte, 1) != 1)
		abort();
}

static void do_lseek(void)
{
	if (lseek(file, 0, SEEK_SET) != 0)
		abort();
}

static const struct {
	const char *name;
	void (*call)(void);
} kinds[] = {
	{"getpid by syscall()", do_getpid},
	{"read 1 byte of /dev/zero", do_read},
	{"write 1 byte to /dev/null", do_write},
	{"lseek", do_lseek},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double times[KINDS][MOST];
	int batches = argc > 1 ? atoi(argv[1]) : 50;

	if (batches < 1 || batches > MOST)
		return 1;
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	file = open(argv[0], O_RDONLY);
	for (int i = 0; i < batches; i++) {
		for (int kind = 0; kind < KINDS; kind++) {
			void (*call)(void) = kinds[kind].call;
			double start = now();
			for (int j = 0; j < CALLS; j++)
				call();
			times[kind][i] = (now() - start) / CALLS;
		}
	}
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(times[kind], batches, sizeof(double), by_value);
		printf("%s\t%.1f\n", kinds[kind].name, times[kind][batches / 2]);
	}
	return 0;
}
