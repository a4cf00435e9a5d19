/* A pipe that another process fills in the middle of our bursts, and whose one O_NONBLOCK it switches on and off: a byte whose write has said 1 is
 * read once and in its place; one whose write has said EAGAIN is not. Behind every second burst one is written by i386's entry, with its number of write. */
/* coalesces: yes */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

static long i386_call(long number, long a, long b, long c)
{
	__asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return number;
}

/* where the kernel has no i386 calls int $0x80 is a fault: a child finds out */
static int has_i386(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(i386_call(20, 0, 0, 0) != getpid());
	return waitpid(child, &status, 0) == child && status == 0;
}

static void put_by_i386(int writing, char *low, char digit)
{
	struct pollfd room = {writing, POLLOUT, 0};
	long result;

	*low = digit;
	while ((result = i386_call(4, writing, (long)low, 1)) != 1) {
		if (result != -EAGAIN)
			exit(2);
		poll(&room, 1, 1);
	}
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
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ends[2], status, by_i386 = has_i386();

	if (pipe(ends) || low == MAP_FAILED)
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
		if (round % 2 && by_i386)
			put_by_i386(ends[1], low, (char)('0' + i++ % 10));
		rest(1);
	}
	close(ends[1]);
	kill(filler, SIGKILL);
	waitpid(filler, &status, 0);
	waitpid(reader, &status, 0);
	return 0;
}
