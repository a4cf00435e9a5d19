/* A program fills the disk itself, by large writes between small ones to another file, or waits for somebody who does: from then on the small ones are refused, from the first on that finds
 * no place. */
/* coalesces: yes */
/* variants: quiet log record all latency1 nobatch */
#include "burst.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { CHUNK = 16 << 20, SMALL = 200, LINES = 100, TURNS = 24 };

struct way {
	const char *name;
	int by_place; /* pwrite */
};

static void fills(const void *with)
{
	static char chunk[CHUNK], text[SMALL];
	const struct way *way = with;
	int log = open("small/log", O_WRONLY | O_CREAT | O_TRUNC, 0600), data = open("small/data", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int done = 0, refused = 0, cut = 0;

	memset(chunk, 'x', sizeof chunk);
	memset(text, 'y', sizeof text);
	for (int turn = 0; turn < TURNS; turn++) {
		cut += (way->by_place ? pwrite(data, chunk, CHUNK, (off_t)turn * CHUNK) : write(data, chunk, CHUNK)) != CHUNK;
		for (int i = 0; i < LINES; i++) {
			if (write(log, text, SMALL) == SMALL)
				done++;
			else
				refused += errno == ENOSPC;
		}
	}
	printf("%s: cut %d, done %d, refused %d, close %d\n", way->name, cut, done, refused, close(log));
	close(data);
	/* its memory */
	unlink("small/log"), unlink("small/data");
}

static int put(int log, int lines)
{
	static char text[SMALL];
	int done = 0;

	memset(text, 'y', sizeof text);
	for (int i = 0; i < lines; i++)
		done += write(log, text, SMALL) == SMALL;
	return done;
}

static void others_fill(void)
{
	static char chunk[CHUNK];
	int data = open("small/data", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	while (write(data, chunk, sizeof chunk) > 0)
		;
	close(data);
}

static void waits(const void *unused)
{
	int there[2], back[2], log = open("small/log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char byte;

	(void)unused;
	if (pipe(there) || pipe(back))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (read(there[0], &byte, 1) != 1)
			_exit(1);
		others_fill();
		_exit(write(back[1], "x", 1) != 1);
	}
	int done = put(log, LINES);
	if (write(there[1], "x", 1) != 1)
		die("write");
	done += put(log, LINES);
	if (read(back[0], &byte, 1) != 1)
		die("read");
	/* of these those find a place that a page has room for */
	int last = put(log, 4 * LINES);
	printf("others: before %d, then %s, close %d\n", done, last < LINES ? "refused" : "done", close(log));
	waitpid(child, NULL, 0);
	unlink("small/log"), unlink("small/data");
}

int main(void)
{
	static const struct way ways[] = {{"write", 0}, {"pwrite", 1}};

	/* At first there is room enough (256 MiB) to gather. */
	if (mkdir("small", 0755) != 0 || unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("small", "small", "tmpfs", 0, "size=320m") != 0) {
		puts("no tmpfs can be mounted here");
		return 77;
	}
	for (int i = 0; i < 2; i++)
		printf("status %#x\n", in_child(fills, &ways[i]));
	printf("status %#x\n", in_child(waits, NULL));
	umount("small");
	return 0;
}
