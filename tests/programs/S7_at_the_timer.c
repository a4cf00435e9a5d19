/* S7: a handler comes where the timer is started or stopped, and jumps away or returns. No wait behind it ends early, and what is written before a long computation is in the file long
 * before that ends (T3). */
/* variants: latency1 */
/* timeout: 120 */
#include "burst.h"
#include <poll.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { LINES = 12, JUMPS = 500, RETURNS = 60, COMPUTING = 30000000 /* ns */, SOON = 8000000 /* ns */ };

static sigjmp_buf again;
static volatile sig_atomic_t came;
static volatile int jumps;
static long turns = 100000; /* of a computation */
static int fd;

static void handle(int number)
{
	(void)number;
	came = 1;
	if (jumps)
		siglongjmp(again, 1);
}

static void alarm_in(long microseconds)
{
	struct itimerval value = {{0, 0}, {0, microseconds}};

	setitimer(ITIMER_REAL, &value, NULL);
}

static void lines(void)
{
	for (int i = 0; i < LINES; i++)
		if (write(fd, "line\n", 5) != 5)
			die("write");
}

/* Not by a clock: who is not running is not late. */
static void compute(void)
{
	for (volatile long i = 0; i < turns; i++)
		;
}

/* As fast as the processor is. */
static void measure(void)
{
	struct timespec before, behind;
	long took = 0;

	while (took < COMPUTING / 2) {
		turns *= 2;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
		compute();
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &behind);
		took = (behind.tv_sec - before.tv_sec) * 1000000000L + behind.tv_nsec - before.tv_nsec;
	}
	turns = (long)((double)turns * COMPUTING / (double)took);
}

/* Behind lines. */
static int is_late(void)
{
	struct stat status;
	struct timespec now;

	compute();
	clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(fd, &status) != 0)
		die("fstat");
	return (now.tv_sec - status.st_mtim.tv_sec) * 1000000000LL + now.tv_nsec - status.st_mtim.tv_nsec < SOON;
}

static void reads(void)
{
	char byte;

	if (pread(fd, &byte, 1, 0) != 1)
		die("pread");
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle};
	static volatile int i, early, late;

	fd = open("lines", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	sigaction(SIGALRM, &action, NULL);
	measure();
	for (i = 0; i < JUMPS; i++) {
		if (!sigsetjmp(again, 1)) {
			jumps = 1;
			alarm_in(30 + i * 7 % 200);
			for (;; reads())
				lines();
		}
		jumps = 0;
		if (i % 8) {
			early += poll(NULL, 0, 3) != 0;
			continue;
		}
		lines();
		late += is_late();
	}
	for (i = 0; i < RETURNS; i++) {
		came = 0;
		alarm_in(30 + i * 7 % 200);
		for (lines(); !came; lines())
			reads();
		late += is_late();
	}
	printf("%d waits ended early, %d times late\n", early, late);
	unlink("lines");
	return 0;
}
