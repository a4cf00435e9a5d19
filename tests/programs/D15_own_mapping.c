/* The process looks at its own file through a mapping: shared or private, readable or writable, made before the first burst, in the middle of
 * one, by another descriptor or name. A byte is there as soon as its write has returned, with no other call in between. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <sys/mman.h>

enum { SIZE = 1 << 16, N = 400 };

static char *map(int fd, int protection, int flags)
{
	char *at = mmap(NULL, SIZE, protection, flags, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static off_t from; /* where the next write goes: asking for it would be a call between mapping and writing */

/* How many of the bytes that are written through fd the mapping does not show at once. */
static int unseen(int fd, const volatile char *at, int count)
{
	int missing = 0;

	for (int i = 0; i < count; i++) {
		char c = (char)('a' + i % 26);
		if (write(fd, &c, 1) != 1)
			_exit(92);
		missing += at[from++] != c;
	}
	return missing;
}

static int open_sized(const char *who, const char *what)
{
	int fd = fresh(who, what, O_RDWR);

	if (ftruncate(fd, SIZE) != 0)
		die("ftruncate");
	from = 0;
	return fd;
}

static void body(const char *who)
{
	static const struct {
		const char *name;
		int protection, flags;
	} kinds[] = {{"shared", PROT_READ, MAP_SHARED}, {"shared and writable", PROT_READ | PROT_WRITE, MAP_SHARED}, {"private", PROT_READ, MAP_PRIVATE},
		     {"private and writable", PROT_READ | PROT_WRITE, MAP_PRIVATE}};

	/* A file that nobody maps comes first and in between, so that bursts are gathered when the mapping comes; private ones before shared ones,
	 * which end it. */
	int other = fresh(who, "other", O_WRONLY);
	for (int k = 3; k >= 0; k--) {
		char *at;
		int fd, copy;

		burst(other, "x", 0, 200);
		fd = open_sized(who, kinds[k].name);
		at = map(fd, kinds[k].protection, kinds[k].flags);
		printf("  %s, before: %d", kinds[k].name, unseen(fd, at, N));
		munmap(at, SIZE);
		drip(fd, N);
		close(fd);

		burst(other, "x", 0, 200);
		fd = open_sized(who, "middle");
		from += burst(fd, "x", 0, 100);
		at = map(fd, kinds[k].protection, kinds[k].flags);
		printf(", in the middle: %d", unseen(fd, at, N));
		burst(other, "x", 0, 100);
		printf(", again: %d", unseen(fd, at, N));
		printf(", and again: %d", unseen(fd, at, N));
		munmap(at, SIZE);
		close(fd);

		/* the descriptor that maps is another one, and is closed at once */
		burst(other, "x", 0, 200);
		fd = open_sized(who, "another");
		from += burst(fd, "x", 0, 100);
		copy = open(named(who, "another"), O_RDWR);
		at = map(copy, kinds[k].protection, kinds[k].flags);
		close(copy);
		printf(", by another: %d", unseen(fd, at, N));
		at = mremap(at, SIZE, SIZE * 2, MREMAP_MAYMOVE);
		printf(", moved: %d", unseen(fd, at, N));
		munmap(at, SIZE * 2);
		close(fd);

		burst(other, "x", 0, 200);
		fd = open_sized(who, "linked");
		from += burst(fd, "x", 0, 100);
		unlink(named(who, "name"));
		if (link(named(who, "linked"), named(who, "name")) != 0)
			die("link");
		copy = open(named(who, "name"), O_RDONLY);
		at = map(copy, PROT_READ, kinds[k].flags);
		printf(", by another name: %d\n", unseen(fd, at, N));
		munmap(at, SIZE);
		close(copy);
		close(fd);
	}
	/* a mapping made by an instruction of the program's own */
	int fd = open_sized(who, "inline");
	from += burst(fd, "x", 0, 100);
	register long flags __asm__("r10") = MAP_PRIVATE, from __asm__("r8") = fd, offset __asm__("r9") = 0;
	long at = 9 /* mmap */;
	__asm__ volatile("syscall" : "+a"(at) : "D"(0), "S"(SIZE), "d"(PROT_READ), "r"(flags), "r"(from), "r"(offset) : "rcx", "r11", "memory");
	printf("  by an instruction: %d\n", unseen(fd, (char *)at, N));
	munmap((void *)at, SIZE);
	close(fd);
	burst(other, "x", 0, 200);
	close(other);
}

int main(void)
{
	in_both(body);
	return 0;
}
