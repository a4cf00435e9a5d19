/* While a program waits, another process limits the size of its files: to what is there, or to a little more. The first write that has no room is refused, whenever what was written before
 * has reached the file. */
/* coalesces: yes */
#include "burst.h"
#include <sys/resource.h>
#include <sys/stat.h>

static volatile int signals;

static void count(int number)
{
	(void)number;
	signals++;
}

static void limited(const void *with)
{
	const int more = *(const int *)with;
	int fd = create("out"), back[2], done = 0, refused = 0;
	char byte;

	if (pipe(back))
		die("pipe");
	signals = 0;
	signal(SIGXFSZ, count);
	fflush(stdout);
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		struct stat status;
		/* until all is there, and nothing waits */
		do
			usleep(300000);
		while (fstat(fd, &status) != 0 || !status.st_size);
		struct rlimit limit = {(rlim_t)(status.st_size + more), RLIM_INFINITY};
		_exit(prlimit(parent, RLIMIT_FSIZE, &limit, NULL) != 0 || write(back[1], "x", 1) != 1);
	}
	burst(fd, "line", 0, 500);
	/* ticks write it, no call does */
	spin(60000000);
	if (read(back[0], &byte, 1) != 1)
		die("read");
	for (int i = 0; i < 100; i++) {
		if (write(fd, "x", 1) == 1)
			done++;
		else
			refused += errno == EFBIG;
	}
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_FSIZE, &none);
	waitpid(child, NULL, 0);
	printf("done %d, refused %d, signals %d, close %d\n", done, refused, signals, close(fd));
}

/* While it writes: what had room no more is refused, and nothing but a write raises the signal. */
static void while_it_writes(const void *unused)
{
	int fd = create("out"), refused = 0;
	struct stat status;
	char text[160];

	(void)unused;
	signals = 0;
	signal(SIGXFSZ, count);
	fflush(stdout);
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		do
			usleep(20000);
		while (fstat(fd, &status) != 0 || status.st_size < 4000);
		struct rlimit limit = {(rlim_t)(status.st_size + 30), RLIM_INFINITY};
		_exit(prlimit(parent, RLIMIT_FSIZE, &limit, NULL) != 0);
	}
	for (int i = 0; !refused && i < 10000000; i++) {
		int length = line(text, "main", i);
		refused += write(fd, text, length) < 0 && errno == EFBIG;
		spin(1000);
	}
	int before = signals;
	for (int i = 0; i < 20; i++)
		stat(".", &status);
	printf("refused %d, signals %s, by other calls %d\n", refused, before ? "came" : "did not come", signals - before);
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_FSIZE, &none);
	waitpid(child, NULL, 0);
	close(fd);
}

int main(void)
{
	in_both(while_it_writes, NULL);
	in_both(limited, &(int){0});
	in_both(limited, &(int){30});
	return 0;
}
