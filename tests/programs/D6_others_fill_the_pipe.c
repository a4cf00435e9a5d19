/* A pipe that another process fills in the middle of our bursts, and whose one O_NONBLOCK it switches on and off: a byte whose write has said 1 is
 * read once and in its place; one whose write has said EAGAIN is not. */
/* coalesces: yes */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 60, BURST = 300, ALONE = 4 /* of the rounds: on a busy machine gathering may give up before it has begun */ };

static void rest(long microseconds)
{
	struct timespec time = {0, microseconds * 1000};

	nanosleep(&time, NULL);
}

static int held(int fd)
{
	int bytes = 0;

	return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : -1;
}

/* As soon as the burst's first bytes are there, all room is taken. Others' bytes are x. */
static void fills(int writing, pid_t parent)
{
	static char bytes[1000];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = 'x';
	for (int round = 0; getppid() == parent; round++) {
		while (held(writing) == 0 && getppid() == parent)
			rest(50);
		fcntl(writing, F_SETFL, O_NONBLOCK);
		while (write(writing, bytes, sizeof bytes) > 0)
			;
		if (round % 2)
			fcntl(writing, F_SETFL, 0);
		while (held(writing) > 0 && getppid() == parent)
			rest(50);
	}
	_exit(0);
}

static void reads(int reading)
{
	static char bytes[1 << 20];
	long digits = 0, wrong = 0, got;

	while (rest(6000), (got = read(reading, bytes, sizeof bytes)) > 0)
		for (long i = 0; i < got; i++)
			if (bytes[i] != 'x')
				wrong += bytes[i] != '0' + digits++ % 10;
	printf("%ld digits, %ld of them in a wrong place\n", digits, wrong);
	fflush(stdout);
	_exit(0);
}

static void put(int writing, char digit)
{
	struct pollfd room = {writing, POLLOUT, 0};

	while (write(writing, &digit, 1) != 1) {
		if (errno != EAGAIN)
			exit(2);
		poll(&room, 1, 1);
	}
}

/* Without a call. */
static void compute(long microseconds)
{
	struct timespec now, began;

	clock_gettime(CLOCK_MONOTONIC, &began);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - began.tv_sec) * 1000000 + (now.tv_nsec - began.tv_nsec) / 1000 < microseconds);
}

int main(void)
{
	int ends[2], status;

	if (pipe(ends))
		return 1;
	pid_t reader = fork();
	if (reader == 0) {
		close(ends[1]);
		reads(ends[0]);
	}
	close(ends[0]);
	pid_t parent = getpid(), filler = 0;
	for (int round = 0, i = 0; round < ROUNDS; round++) {
		if (round == ALONE && (filler = fork()) == 0)
			fills(ends[1], parent);
		while (held(ends[1]) > 0)
			rest(100);
		for (int n = 0; n < BURST; n++)
			put(ends[1], (char)('0' + i++ % 10));
		compute(2000);
		rest(1);
	}
	close(ends[1]);
	kill(filler, SIGKILL);
	waitpid(filler, &status, 0);
	waitpid(reader, &status, 0);
	return 0;
}
