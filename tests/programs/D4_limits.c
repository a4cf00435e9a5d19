/* RLIMIT_FSIZE before, in the middle of and behind a burst, with every disposition of SIGXFSZ, and /dev/full: each write has its own
 * result, the file its own size, and the signal comes once for each write that natively raises it. The full disk is D4_full_disk. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 120 */
#include "burst_files.h"
#include <sys/resource.h>

static volatile int signals;

static void on_limit(int signal)
{
	signals++;
}

/* Writes until a write does not do all. */
static void until_refused(int fd)
{
	long whole = 0, result;
	char text[128];

	for (;;) {
		int length = line(text, "limited", (int)whole);
		result = write(fd, text, length);
		if (result != length)
			break;
		whole++;
	}
	const char *first = outcome(result);
	printf("  %ld whole, then %s", whole, first);
	for (int i = 0; i < 3; i++) {
		result = write(fd, "more", 4);
		printf(", %s", outcome(result));
	}
	printf("; signals %d, at %lld\n", signals, (long long)lseek(fd, 0, SEEK_CUR));
}

static void limit(rlim_t bytes)
{
	struct rlimit now;

	getrlimit(RLIMIT_FSIZE, &now);
	now.rlim_cur = bytes;
	if (setrlimit(RLIMIT_FSIZE, &now) != 0)
		die("setrlimit");
}

static void one(const char *who, const char *what, void (*disposition)(int), int when)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int fd = fresh(who, what, O_WRONLY);
		signal(SIGXFSZ, disposition);
		if (when == 0)
			limit(5000);
		off_t size = burst(fd, "before", 0, 100);
		if (when == 1)
			limit((rlim_t)size + 333);
		if (when == 2)
			limit((rlim_t)size / 2); /* below what is there */
		until_refused(fd);
		limit(RLIM_INFINITY);
		burst(fd, "after", 0, 300);
		fflush(stdout);
		_exit(5);
	}
	printf("  %s, limit %s: status %#x\n", what, when == 0 ? "first" : when == 1 ? "in the middle" : "below", status_of(child, 60));
}

static void full(const char *who)
{
	int fd = open("/dev/full", O_WRONLY), file = fresh(who, "file", O_WRONLY);

	burst(file, "x", 0, 100);
	for (int i = 0; i < 20; i++) {
		long result = write(fd, "x", 1);
		if (result >= 0 || errno != ENOSPC)
			printf("  /dev/full takes it\n");
	}
	burst(file, "x", 100, 200);
	dup2(fd, file);
	errno = 0;
	long result = write(file, "x", 1);
	printf("  /dev/full: %s\n", outcome(result));
	close(fd);
	close(file);
}

static void body(const char *who)
{
	static const struct {
		const char *name;
		void (*disposition)(int);
	} all[] = {{"default", SIG_DFL}, {"ignored", SIG_IGN}, {"handled", on_limit}};

	for (int i = 0; i < 3; i++)
		for (int when = 0; when < 3; when++)
			one(named(who, all[i].name), when == 0 ? "first" : when == 1 ? "middle" : "below", all[i].disposition, when);
	full(who);
	int fd = fresh(who, "unlimited", O_WRONLY);
	burst(fd, "x", 0, 500);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
