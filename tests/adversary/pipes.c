/* Operations on pipes and sockets. */
#include "world.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static char space[1 << 16];

static void made(const char *what, long result, const int *fds, const int32_t *a, int first_end)
{
	int object;

	if (result) {
		say("%s = %ld", what, result);
		return;
	}
	say("%s: %d, %d", what, fds[0], fds[1]);
	object = fds[1] < NUMBERS && fds[0] < NUMBERS ? object_new() : -1;
	if (object < 0) {
		close(fds[0]);
		close(fds[1]);
		return;
	}
	number_opened(fds[0], object, first_end);
	number_opened(fds[1], object, first_end + 1);
	world.slots[a[0]] = fds[0];
	world.slots[a[1]] = fds[1];
}

void perform_pipe(const int32_t *a)
{
	int fds[2];

	made("pipe", pipe(fds) ? -errno : 0, fds, a, READ_END);
}

void perform_socketpair(const int32_t *a)
{
	int fds[2];

	made("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, fds) ? -errno : 0, fds, a, SOCKET_0);
}

void perform_poll(const int32_t *a)
{
	int fd = slot_number(a[0]);
	struct pollfd one = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
	int result = a[1] % 2 ? poll(&one, 1, 0) : ppoll(&one, 1, &(struct timespec){0, 0}, NULL);

	/* How much room a pipe has depends on how its pages are shared. */
	say("poll(%d) = %d, %#x", fd, result < 0 ? -errno : result, (unsigned)one.revents);
}

/* Reads as much as is there, in pieces. */
void perform_drain(const int32_t *a)
{
	int fd = slot_number(a[0]), pieces = 0;
	unsigned hash = 0;
	long sum = 0, got, size = a[1] ? a[1] : 1;

	for (; pieces < 40 && may_read(fd) && (got = read(fd, space, (size_t)size < sizeof space ? (size_t)size : sizeof space)) > 0; pieces++) {
		was_read(fd, got);
		hash = hash * 31 + hash_of(space, (size_t)got);
		sum += got;
	}
	say("drain(%d) = %ld in %d pieces, %08x", fd, sum, pieces, hash);
}

/* How much a pipe takes until it is full is what it takes natively, and what comes out is what went in. Bursts first, without waiting then. */
void perform_fill(const int32_t *a)
{
	int fds[2], size = a[0] > 200 ? 200 : (int)a[0];
	long sum = 0, got, first = 0;
	unsigned hash = 0;

	if (pipe(fds))
		return;
	for (int i = 0; i < 30; i++)
		first += write(fds[1], bytes_to_write((unsigned)size), (size_t)size);
	got = read(fds[0], space, (size_t)size * 7);
	for (int i = 0; i < 20; i++)
		first += write(fds[1], bytes_to_write(3), 3);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	while (write(fds[1], world.text, 1111) == 1111)
		sum += 1111;
	say("fill: %ld and %ld of %d bytes, %ld read, %d", first, sum, size, got, -errno);
	for (sum = 0; (got = read(fds[0], space, sizeof space)) > 0; sum += got)
		hash = hash * 31 + hash_of(space, (size_t)got);
	say("  %ld out, %08x", sum, hash);
	close(fds[0]);
	close(fds[1]);
}
