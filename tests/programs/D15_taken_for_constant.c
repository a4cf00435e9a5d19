/* Files of root's that nobody else may write, and that nobody has written for long, are taken for constant where they are mapped. These look so, and others store into them: one in a tmpfs,
 * whose time of modification no store changes, and one over whose folder another was mounted, where its name now leads to another file. Whoever has seen the old byte behind its writes is
 * seen to have made them by whoever looks at the file behind its store. */
/* variants: quiet log record all nobatch */
#include "burst.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { ROUNDS = 80, LINES = 40, PAGE = 4096, ROUND = 5000000 /* ns */, LONG_AGO = 100000 /* s */ };

static void make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		die(path);
	close(fd);
}

static void make_old(const char *path)
{
	struct timespec times[2] = {{time(NULL) - LONG_AGO, 0}, {time(NULL) - LONG_AGO, 0}};

	if (utimensat(AT_FDCWD, path, times, 0) != 0)
		die(path);
}

static void spin_until(long long time)
{
	while (nanoseconds() < time)
		;
}

/* Writes, and looks; which rounds saw nothing is told by a pipe. */
static void writes(int out, const volatile char *page, long long start, int told)
{
	char old[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		spin_until(start + (long long)i * ROUND);
		for (int k = 0; k < LINES; k++)
			if (write(out, "x", 1) != 1)
				_exit(1);
		old[i] = !page[i];
	}
	_exit(write(told, old, sizeof old) != sizeof old);
}

static void litmus(const char *what, char *writable, const char *readable)
{
	int out = create("out"), ends[2], wrong = 0;
	char old[ROUNDS];
	struct stat status;
	int is_whole[ROUNDS];
	long long start = nanoseconds() + 20000000;

	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		munmap(writable, PAGE);
		writes(out, readable, start, ends[1]);
	}
	for (int i = 0; i < ROUNDS; i++) {
		spin_until(start + (long long)i * ROUND + ROUND / 4);
		writable[i] = 1;
		fstat(out, &status);
		is_whole[i] = status.st_size >= (i + 1) * LINES;
	}
	if (read(ends[0], old, sizeof old) != sizeof old)
		die("read");
	for (int i = 0; i < ROUNDS; i++)
		wrong += old[i] && !is_whole[i];
	printf("%s: %d of both old\n", what, wrong);
	waitpid(child, NULL, 0);
	close(out), close(ends[0]), close(ends[1]);
}

static char *map(const char *path, int protection)
{
	int fd = open(path, protection & PROT_WRITE ? O_RDWR : O_RDONLY);
	char *at = mmap(NULL, PAGE, protection, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die(path);
	close(fd);
	return at;
}

int main(void)
{
	if (geteuid() != 0 || mkdir("memory", 0755) || mkdir("folder", 0755) || mkdir("cover", 0755) || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "memory", "tmpfs", 0, NULL)) {
		puts("nobody may mount here");
		return 77;
	}
	make("memory/page");
	char *writable = map("memory/page", PROT_READ | PROT_WRITE);
	make_old("memory/page");
	char *readable = map("memory/page", PROT_READ);
	litmus("memory", writable, readable);
	munmap(writable, PAGE), munmap(readable, PAGE);

	make("folder/page");
	make("cover/page");
	make_old("cover/page");
	writable = map("folder/page", PROT_READ | PROT_WRITE);
	readable = map("folder/page", PROT_READ);
	if (mount("cover", "folder", NULL, MS_BIND, NULL) != 0)
		die("mount");
	litmus("covered", writable, readable);
	/* and a constant one is */
	munmap(writable, PAGE), munmap(readable, PAGE);
	umount("folder"), umount("memory");
	return 0;
}
