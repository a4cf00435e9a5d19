/* D1: a timer's handler puts another file behind a number, wherever it comes: while it is asked what the number means as well. A datagram socket keeps each write apart; one that can
 * only be read refuses each. */
/* coalesces: yes */
/* variants: quiet record all batch4096 stats */
/* timeout: 120 */
#include "burst.h"
#include <sys/socket.h>
#include <sys/time.h>

enum { ROUNDS = 1500, AT_FIRST = 40, ROW = 10, SIZE = 3, FULL = 1 << 20 };

static int fd, others[2];
static volatile sig_atomic_t came, other;

static void handle(int number)
{
	int error = errno;

	(void)number;
	came = 1;
	dup2(other, fd);
	errno = error;
}

static void alarm_in(long microseconds)
{
	struct itimerval value = {{0, 0}, {0, microseconds}};

	setitimer(ITIMER_REAL, &value, NULL);
}

static int row(int count)
{
	int refused = 0;

	for (int i = 0; i < count; i++)
		refused += write(fd, "ab\n", SIZE) != SIZE;
	return refused;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle};
	int file = open("lines", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600), readable = open("lines", O_RDONLY), sockets[2], torn = 0, taken = 0;
	char text[4096];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) != 0)
		die("socketpair");
	others[0] = sockets[1];
	others[1] = readable;
	fd = dup(file);
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		came = 0;
		other = others[i % 2];
		dup2(file, fd);
		row(AT_FIRST);
		alarm_in(20 + i * 7 % 150);
		while (!came) {
			close(-1);
			row(ROW);
		}
		/* All behind the handler's return. */
		if (i % 2 && row(ROW) != ROW)
			taken++;
		close(-1);
		for (ssize_t got; (got = recv(sockets[0], text, sizeof text, MSG_DONTWAIT)) > 0;)
			torn += got != SIZE;
		if (lseek(file, 0, SEEK_END) > FULL && ftruncate(file, 0) != 0)
			die("ftruncate");
	}
	printf("%d datagrams of more than one write, %d times a write was taken that is none\n", torn, taken);
	unlink("lines");
	return 0;
}
