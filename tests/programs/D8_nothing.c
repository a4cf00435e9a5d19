/* Writes of no bytes, in the middle of bursts: to files they do nothing but be checked, to sockets they are a message. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <sys/socket.h>
#include <sys/uio.h>

static void none(const char *what, int fd)
{
	struct iovec empty[2] = {{NULL, 0}, {"x", 0}};
	long result[4];

	errno = 0;
	result[0] = write(fd, "x", 0);
	int error = errno;
	result[1] = write(fd, NULL, 0);
	result[2] = writev(fd, empty, 2);
	result[3] = writev(fd, NULL, 0);
	printf("  %s: %ld %ld %ld %ld, %s\n", what, result[0], result[1], result[2], result[3], strerrorname_np(error));
}

static void between(const char *what, int fd)
{
	burst(fd, "x", 0, 100);
	none(what, fd);
	burst(fd, "x", 100, 200);
	for (int i = 0; i < 100; i++)
		if (write(fd, "none", 0) != 0 || write(fd, "one", 1) != 1)
			_exit(92);
	none(what, fd);
}

static void body(const char *who)
{
	char seen[65536];
	int ends[2], pair[2], fd = fresh(who, "file", O_WRONLY), closed = fresh(who, "closed", O_WRONLY);

	between("file", fd);
	lseek(fd, 1 << 20, SEEK_SET);
	none("beyond the end", fd);
	printf("  size %lld\n", (long long)lseek(fd, 0, SEEK_END));
	if (pipe(ends))
		die("pipe");
	between("pipe", ends[1]);
	printf("  in the pipe: %zd\n", read(ends[0], seen, sizeof seen));
	burst(ends[1], "x", 0, 100);
	none("the reader's end", ends[0]);
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	none("no reader", ends[1]);
	close(ends[1]);
	burst(closed, "x", 0, 100);
	close(closed);
	none("closed", closed);
	none("-1", -1);
	burst(fd, "x", 0, 100);
	int reading = open(named(who, "file"), O_RDONLY);
	none("read-only", reading);
	int full = open("/dev/full", O_WRONLY);
	none("/dev/full", full);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		die("socketpair");
	burst(fd, "x", 100, 200);
	for (int i = 0; i < 3; i++) {
		write(pair[0], "", 0);
		write(pair[0], "ab", 2);
	}
	for (int i = 0; i < 6; i++)
		printf("  datagram: %zd\n", recv(pair[1], seen, sizeof seen, MSG_DONTWAIT));
	close(pair[0]);
	close(pair[1]);
	close(full);
	close(reading);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
