/* Pipes with O_NONBLOCK, set before, in the middle of or after bursts: EAGAIN comes at the same byte as natively, and large writes are taken
 * in part. What is there must take no more of the pipe's room than natively, or the last bytes find none. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 180 */
#include "burst_files.h"
#include <poll.h>
#include <sys/uio.h>

/* Until it is full; the number of writes that were taken, and the bytes. */
static void fill(const char *what, int writing, int reading, int length)
{
	static char bytes[1 << 20];
	long whole = 0, all = 0, result, got;

	while ((result = write(writing, bytes, (size_t)length)) == length) {
		whole++;
		all += result;
	}
	const char *last = outcome(result);
	printf("  %s, %d at once: %ld whole, %ld bytes, then %s", what, length, whole, all, last);
	struct pollfd room = {writing, POLLOUT, 0};
	printf(", POLLOUT %d", poll(&room, 1, 0));
	fcntl(reading, F_SETFL, O_NONBLOCK);
	all = 0;
	while ((got = read(reading, bytes, sizeof bytes)) > 0)
		all += got;
	printf(", drained %ld\n", all);
}

/* Half as large for the smallest writes, each of which is a line of a log; two bursts of 300 lines must not wait for a reader. */
static void open_pipe(int *ends, int length)
{
	if (pipe(ends) || (length < 100 && fcntl(ends[1], F_SETPIPE_SZ, 32768) < 0))
		die("pipe");
}

static void close_pipe(int *ends)
{
	close(ends[0]);
	close(ends[1]);
}

/* In a process of its own: what was learned from one must not spare the next. */
static void one(int length)
{
	int ends[2];

	open_pipe(ends, length);
	burst(ends[1], "before", 0, 200);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	fill("after a burst", ends[1], ends[0], length);
	fcntl(ends[1], F_SETFL, 0);
	burst(ends[1], "again", 0, 200);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	fill("after another", ends[1], ends[0], length);
	close_pipe(ends);

	/* by another descriptor of the same pipe, and by a child that shares it */
	open_pipe(ends, length);
	int copy = dup(ends[1]);
	burst(ends[1], "before", 0, 300);
	fcntl(copy, F_SETFL, O_NONBLOCK);
	fill("by a dup", ends[1], ends[0], length);
	fcntl(copy, F_SETFL, 0);
	burst(ends[1], "before", 0, 300);
	pid_t child = fork();
	if (child == 0) {
		fcntl(copy, F_SETFL, O_NONBLOCK);
		_exit(0);
	}
	status_of(child, 20);
	fill("by a child", ends[1], ends[0], length);
	close(copy);
	close_pipe(ends);

	open_pipe(ends, length);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	fill("from the start", ends[1], ends[0], length);
	close_pipe(ends);
}

static void body(const char *who)
{
	static const int lengths[] = {1, 7, 100, 1000, 2048, 2049, 4096, 4097, 30000, 100000};

	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			one(lengths[i]);
			fflush(stdout);
			_exit(0);
		}
		printf("  status %#x\n", status_of(child, 20));
	}
	int fd = fresh(who, "file", O_WRONLY | O_NONBLOCK);
	burst(fd, "nonblocking file", 0, 300);
	fcntl(fd, F_SETFL, 0);
	burst(fd, "file", 0, 300);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
