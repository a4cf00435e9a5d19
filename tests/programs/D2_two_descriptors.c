/* Two descriptors on one file: opened twice, a dup, one with O_APPEND, another name. Their writes overlap or follow each other, so the file
 * shows the order in which the kernel had them. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"

static int again(const char *name, int flags)
{
	int fd = open(name, flags);
	if (fd < 0)
		die(name);
	return fd;
}

/* In turns of growing length: a batch that stays behind while the other descriptor is written overwrites what came later. */
static void turns(int a, int b)
{
	for (int i = 0; i < 60; i++) {
		burst(a, "a", i * i, i * i + i);
		burst(b, "b", i, i + 61 - i);
		drip(i % 2 ? a : b, 30);
		drip(i % 3 ? b : a, 40);
	}
	burst(a, "a", 0, 100);
	lseek(a, 100, SEEK_SET);
	lseek(b, 50, SEEK_SET);
	for (int i = 0; i < 500; i++) {
		write(a, "A", 1);
		write(b, "bb", 2);
	}
	drip(b, 200);
	drip(a, 100);
}

static void say(const char *name, int a, int b)
{
	struct stat status;

	stat(name, &status);
	printf("  %s: %lld bytes, at %lld and %lld\n", name, (long long)status.st_size, (long long)lseek(a, 0, SEEK_CUR), (long long)lseek(b, 0, SEEK_CUR));
	close(a);
	close(b);
}

static void body(const char *who)
{
	char path[64];
	int a, b;

	a = fresh(who, "twice", O_WRONLY);
	b = again(named(who, "twice"), O_RDWR);
	turns(a, b);
	say(named(who, "twice"), a, b);

	a = fresh(who, "dup", O_WRONLY);
	b = dup(a);
	turns(a, b);
	say(named(who, "dup"), a, b);

	a = fresh(who, "append", O_WRONLY);
	b = again(named(who, "append"), O_WRONLY | O_APPEND);
	turns(a, b);
	say(named(who, "append"), a, b);

	a = fresh(who, "append2", O_WRONLY | O_APPEND);
	b = again(named(who, "append2"), O_WRONLY | O_APPEND);
	turns(a, b);
	say(named(who, "append2"), a, b);

	a = fresh(who, "name", O_WRONLY);
	unlink(named(who, "other"));
	link(named(who, "name"), named(who, "other"));
	b = again(named(who, "other"), O_WRONLY);
	turns(a, b);
	say(named(who, "name"), a, b);

	a = fresh(who, "proc", O_WRONLY);
	snprintf(path, sizeof path, "/proc/self/fd/%d", a);
	b = again(path, O_WRONLY);
	turns(a, b);
	say(named(who, "proc"), a, b);

	/* one of them turns into one that appends, in the middle */
	a = fresh(who, "turned", O_WRONLY);
	b = again(named(who, "turned"), O_WRONLY);
	burst(b, "b", 0, 100);
	burst(a, "a", 0, 50);
	fcntl(a, F_SETFL, O_APPEND);
	burst(a, "a", 50, 200);
	burst(b, "b", 100, 150);
	fcntl(a, F_SETFL, 0);
	burst(a, "a", 200, 300);
	say(named(who, "turned"), a, b);

	/* and the reader's end of the same */
	char seen[256];
	long wrong = 0;
	a = fresh(who, "read", O_WRONLY);
	b = again(named(who, "read"), O_RDONLY);
	for (int i = 0; i < 200; i++) {
		char text[128], wanted[128];
		int length = burst(a, "r", i, i + 1);
		line(wanted, "r", i);
		if (i % 50 < 25) /* these are read one by one, the others stay until the next is read */
			continue;
		lseek(b, -length, SEEK_END);
		wrong += read(b, text, sizeof text) != length || memcmp(text, wanted, length) != 0;
	}
	wrong += pread(b, seen, sizeof seen, 0) != sizeof seen;
	printf("  wrong %ld\n", wrong);
	close(a);
	close(b);
}

int main(void)
{
	in_both(body);
	return 0;
}
