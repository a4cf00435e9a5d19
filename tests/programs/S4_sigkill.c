/* SIGKILL 200 times in a burst: the file is a prefix of what was written, in whole lines, and all of it but the last 20 ms. Every second
 * process is stopped first, so that the parent can read in its memory how far it had come and when; the bound is a generous one, because
 * a loaded machine lets nobody run for long, but the typical process must be within it. */
/* variants: quiet stats latency1 */
/* coalesces: yes */
/* cc: -no-pie */
/* timeout: 120 */
#include "burst.h"
#include <sys/uio.h>

enum { KILLS = 200, LONG_EVERY = 4, LONG = 70, BOUND = 35 /* ms */ };

struct progress {
	long written;
	long long stamp; /* of the last line */
} progress;

static int file;

/* "main", number, stamp, dots; from a handful of lines on a line takes 50 us, so that only time makes a batch end. */
static void writes(void)
{
	for (long i = 0;; i++) {
		char text[96];
		long long now = nanoseconds();
		int length = snprintf(text, sizeof text, "main %ld %lld %.*s\n", i, now, (int)(i * 7 % 40), "........................................");
		if (write(file, text, length) != length)
			_exit(91);
		progress.stamp = now;
		progress.written = i + 1;
		if (i > 40)
			spin(50000);
	}
}

/* Lines of the file, or -1 when it is not a prefix; *stamp is the last one's. The kernel itself cuts a write short at a page's end when a deadly
 * signal comes (generic_perform_write in mm/filemap.c): there a line may end early, natively as well. */
static long prefix(const char *path, long long *stamp)
{
	char text[128], wanted[128];
	FILE *f = fopen(path, "r");
	long lines = 0, i;

	*stamp = 0;
	while (f && lines >= 0 && fgets(text, sizeof text, f)) {
		long long now;
		if (!strchr(text, '\n') && ftell(f) % 4096 == 0)
			break;
		if (sscanf(text, "main %ld %lld", &i, &now) != 2 || i != lines) {
			printf("line %ld, before byte %ld: %.60s\n", lines, ftell(f), text);
			lines = -1;
			break;
		}
		snprintf(wanted, sizeof wanted, "main %ld %lld %.*s\n", i, now, (int)(i * 7 % 40), "........................................");
		if (strcmp(text, wanted) != 0) {
			printf("line %ld, before byte %ld: %s\n", lines, ftell(f), text);
			lines = -1;
			break;
		}
		lines++;
		*stamp = now;
	}
	if (f)
		fclose(f);
	return lines;
}

static int by_size(const void *a, const void *b)
{
	return *(const long long *)a < *(const long long *)b ? -1 : 1;
}

int main(int argc, char **argv)
{
	static long long lost[KILLS];
	int torn = 0, ahead = 0, seen = 0, other_status = 0;

	file = 5;
	if (argc > 1)
		writes();
	int own = create("own");
	burst(own, "main", 0, 300);
	close(own);
	for (int kills = 0; kills < KILLS; kills++) {
		struct progress last = {0};
		struct iovec here = {&last, sizeof last}, there = {&progress, sizeof progress};
		long long stamp;
		int status, is_long = kills % LONG_EVERY == 0;
		int fd = create("lines");
		pid_t pid = fork();
		if (pid == 0) {
			dup2(fd, 5);
			/* every second one of the long and of the short ones is another image */
			if (kills / LONG_EVERY % 2)
				execl("/proc/self/exe", argv[0], "writes", NULL);
			writes();
		}
		close(fd);
		usleep(is_long ? LONG * 1000 : 1000 + kills * 61 % 7000);
		if (is_long) {
			kill(pid, SIGSTOP);
			waitpid(pid, &status, WUNTRACED);
			if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof last && errno == EPERM) {
				kill(pid, SIGKILL);
				puts("the memory of a child cannot be read here");
				return 77;
			}
		}
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		other_status += status != SIGKILL;
		long lines = prefix("first.lines", &stamp);
		torn += lines < 0;
		if (is_long && last.written > 100) {
			ahead += lines > last.written + 1;
			lost[seen++] = lines >= last.written ? 0 : last.stamp - stamp;
		}
	}
	unlink("first.lines");
	qsort(lost, seen, sizeof *lost, by_size);
	printf("another status %d, no prefix %d, more than was written %d, measured %s\n", other_status, torn, ahead, seen > 10 ? "enough" : "too few");
	if (lost[seen / 2] > BOUND * 1000000LL)
		printf("half of them lost more than %lld us, of %d ms at most\n", lost[seen / 2] / 1000, BOUND);
	puts("done");
	return 0;
}
