/* Who watches a file by inotify sees fewer, larger writes: that is allowed. But it is told of the first bytes, the file is whole when it is
 * told that the writer has closed it, and nothing of two files is told in the wrong order. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <poll.h>
#include <sys/inotify.h>

static void watch(const char *a, const char *b, int ready, off_t whole)
{
	char block[8192] __attribute__((aligned(8)));
	int notify = inotify_init1(0), first = inotify_add_watch(notify, a, IN_MODIFY | IN_CLOSE_WRITE), second = inotify_add_watch(notify, b, IN_MODIFY | IN_CLOSE_WRITE);
	int modified = 0, closed = 0, wrong = 0;
	struct stat status;

	if (notify < 0 || first < 0 || second < 0)
		_exit(77);
	write(ready, "r", 1);
	while (closed < 2) {
		struct pollfd event = {notify, POLLIN, 0};
		if (poll(&event, 1, 20000) != 1)
			_exit(5);
		ssize_t got = read(notify, block, sizeof block);
		for (char *at = block; at < block + got;) {
			struct inotify_event *e = (struct inotify_event *)at;
			at += sizeof *e + e->len;
			modified |= e->mask & IN_MODIFY ? (e->wd == first ? 1 : 2) : 0;
			/* the first file is written and closed before the second is touched */
			if (e->wd == second && !(closed && modified & 1))
				wrong |= 1;
			if (e->mask & IN_CLOSE_WRITE) {
				closed++;
				if (stat(e->wd == first ? a : b, &status) != 0 || status.st_size != whole)
					wrong |= 2;
			}
		}
	}
	_exit(modified == 3 ? wrong : 6);
}

static void body(const char *who)
{
	const char *a = named(who, "a"), *b = named(who, "b");
	int ends[2], first = fresh(who, "a", O_WRONLY), second = fresh(who, "b", O_WRONLY);
	off_t size = 0;
	char byte, text[128];

	for (int i = 0; i < 300; i++)
		size += line(text, "x", i);
	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(first);
		close(second);
		watch(a, b, ends[1], size);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1) {
		printf("no inotify here\n");
		exit(77);
	}
	close(ends[0]);
	burst(first, "x", 0, 300);
	close(first);
	burst(second, "x", 0, 300);
	close(second);
	printf("  the watcher's status %#x\n", status_of(child, 30));
}

int main(void)
{
	in_both(body);
	return 0;
}
