/* Two processes talk through files and pages without a call: each writes its own file and then looks at the other's through a mapping. Never do
 * both see the old byte, whatever kind the mapping is. That they see it natively follows from the kernel's one page for each page of a file. */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 120 */
#include "burst_files.h"
#include <sys/mman.h>
#include <time.h>

enum { ROUNDS = 300, PAGE = 4096 };

static char *map(const char *who, const char *what, int protection, int flags)
{
	int fd = open(named(who, what), protection & PROT_WRITE && flags & MAP_SHARED ? O_RDWR : O_RDONLY);
	char *at = mmap(NULL, PAGE, protection, flags, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	close(fd);
	return at;
}

/* One side: a row of writes that ends at its turn's byte, and at once the look at the other's; what it saw goes into `seen`. The rows begin at
 * one moment, which a clock without a call tells. */
static void side(int own, const volatile char *other, char *seen, const struct timespec *start)
{
	struct timespec now;

	for (int i = 0; i < ROUNDS; i++) {
		long due = start->tv_nsec + (long)(i + 1) * 400000;
		do
			clock_gettime(CLOCK_MONOTONIC, &now);
		while ((now.tv_sec - start->tv_sec) * 1000000000 + now.tv_nsec < due);
		for (int k = 0; k < 5; k++)
			if (write(own, "01234567", 1) != 1)
				_exit(1);
		seen[i] = other[i * 5 + 4];
	}
}

static void litmus(const char *who, const char *what, int protection, int flags)
{
	static char mine[ROUNDS], others[ROUNDS];
	const char *name = named(who, what);
	struct timespec start;
	int files[2], ends[2], both_old = 0;

	for (int i = 0; i < 2; i++) {
		files[i] = fresh(name, i ? "b" : "a", O_RDWR);
		if (ftruncate(files[i], PAGE) != 0)
			die("ftruncate");
	}
	if (pipe(ends))
		die("pipe");
	clock_gettime(CLOCK_MONOTONIC, &start);
	start.tv_nsec += 20000000;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		char *at = map(name, "a", protection, flags);
		side(files[1], at, others, &start);
		_exit(write(ends[1], others, ROUNDS) != ROUNDS);
	}
	char *at = map(name, "b", protection, flags);
	side(files[0], at, mine, &start);
	if (read(ends[0], others, ROUNDS) != ROUNDS)
		die("read");
	for (int i = 0; i < ROUNDS; i++)
		both_old += !mine[i] && !others[i];
	printf("  %s: both old %d, status %#x\n", what, both_old, status_of(child, 30));
	munmap(at, PAGE);
	close(ends[0]);
	close(ends[1]);
	close(files[0]);
	close(files[1]);
}

static void body(const char *who)
{
	/* those that let go least come first */
	litmus(who, "private", PROT_READ, MAP_PRIVATE);
	litmus(who, "private writable", PROT_READ | PROT_WRITE, MAP_PRIVATE);
	litmus(who, "shared", PROT_READ, MAP_SHARED);
	litmus(who, "shared writable", PROT_READ | PROT_WRITE, MAP_SHARED);
	int fd = fresh(who, "file", O_WRONLY);
	burst(fd, "x", 0, 200);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
