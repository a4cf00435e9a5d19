/* Nanoseconds for each of a few system calls that do next to nothing in the kernel: what is left is the way there and back.
 *
 *   calls [BATCHES]
 *
 * Prints "name nanoseconds" a line: the median over BATCHES batches of 2,000 calls. The batches of all kinds take turns, so that a
 * slow moment of the machine meets all of them. At the end two threads make the same calls at the same time: who shares what the other writes waits for it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
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

static pthread_barrier_t barrier;
static int batches_of_thread;

/* Its own descriptor: what two share of one the kernel counts for both. */
static void *make_calls(void *result)
{
	static __thread double times[MOST];
	static __thread char byte;
	int device = open("/dev/zero", O_RDONLY);

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < batches_of_thread; i++) {
		double start = now();
		for (int j = 0; j < CALLS; j++)
			if (pread(device, &byte, 1, 0) != 1)
				abort();
		times[i] = (now() - start) / CALLS;
	}
	qsort(times, batches_of_thread, sizeof(double), by_value);
	*(double *)result = times[batches_of_thread / 2];
	return NULL;
}

/* Of the slower one. */
static double of_two_threads(int batches)
{
	pthread_t threads[2];
	double results[2];

	batches_of_thread = batches;
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, make_calls, &results[i]) != 0)
			abort();
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return results[0] > results[1] ? results[0] : results[1];
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
	printf("pread, two threads\t%.1f\n", of_two_threads(batches));
	return 0;
}
