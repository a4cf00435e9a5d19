/* The reader of a pipe has gone, which the writer knows or not: EPIPE and SIGPIPE come as natively where the moment is certain, and a writer
 * that goes on until it is refused ends as natively. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"

#include <time.h>

static volatile int signals;

static void on_pipe(int signal)
{
	signals++;
}

static int make(int *reading)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	*reading = ends[0];
	return ends[1];
}

/* The writer itself closes the only reader's end in the middle of bursts. */
static void certain(void (*disposition)(int), const char *name)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int reading, writing = make(&reading);
		long taken = 0;
		signals = 0;
		signal(SIGPIPE, disposition);
		burst(writing, "before", 0, 200);
		close(reading);
		for (int i = 0; i < 50; i++) {
			long result = write(writing, "more", 4);
			taken += result >= 0;
			if (result >= 0 || errno != EPIPE)
				printf("  write %d: %s\n", i, outcome(result));
		}
		printf("  %s: taken %ld, signals %d\n", name, taken, signals);
		fflush(stdout);
		_exit(4);
	}
	printf("  %s: status %#x\n", name, status_of(child, 20));
}

/* Another process reads what is there, closes, and says so through a second pipe: from then on each write is refused. */
static void told(const char *name)
{
	int reading, writing = make(&reading), answer, answering = make(&answer), all, told_all = make(&all);
	char byte, seen[4096];
	long taken = 0, refused = 0;

	signals = 0;
	signal(SIGPIPE, on_pipe);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(writing);
		if (read(all, &byte, 1) != 1 || read(reading, seen, sizeof seen) <= 0)
			_exit(1);
		close(reading);
		burst(answering, "gone", 0, 1);
		_exit(0);
	}
	close(reading);
	burst(writing, "before", 0, 40);
	drip(told_all, 1);
	read(answer, &byte, 1);
	for (int i = 0; i < 100; i++) {
		long result = write(writing, "more", 4);
		taken += result > 0;
		refused += result < 0 && errno == EPIPE;
	}
	printf("  %s: taken %ld, refused %ld, signals %d, reader's status %#x\n", name, taken, refused, signals, status_of(child, 20));
	signal(SIGPIPE, SIG_DFL);
	close(writing);
	close(answer);
	close(answering);
	close(all);
	close(told_all);
}

/* Writes for ever; the reader goes after so many bytes. */
static void for_ever(void (*disposition)(int), const char *name)
{
	int reading, writing = make(&reading);
	char seen[256];

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(reading);
		signal(SIGPIPE, disposition);
		for (int i = 0;; i++) {
			char text[128];
			if (write(writing, text, line(text, "on", i)) < 0)
				_exit(errno == EPIPE ? 6 : 7);
		}
	}
	close(writing);
	for (int i = 0; i < 100; i++)
		if (read(reading, seen, sizeof seen) <= 0)
			break;
	close(reading);
	printf("  %s, for ever: status %#x\n", name, status_of(child, 20));
}

/* Gone before the writer ends, and the writer writes once more than it can: the end is by SIGPIPE, whatever the last bytes wait for. */
static void at_exit(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int reading, writing = make(&reading);
		burst(writing, "x", 0, 100);
		close(reading);
		drip(writing, 1);
		_exit(9);
	}
	printf("  at the end: status %#x\n", status_of(child, 20));
}

/* Gone behind the last write, while the writer computes: nobody tells it of that, and it ends as it would. One in a few may be late on a busy machine. */
static void computes_on(void)
{
	int ended = 0;

	fflush(stdout);
	for (int i = 0; i < 9; i++) {
		int reading, writing = make(&reading);
		pid_t reader = fork();
		if (reader == 0) {
			char byte;
			close(writing);
			read(reading, &byte, 1);
			usleep(5000);
			_exit(0);
		}
		pid_t writer = fork();
		if (writer == 0) {
			struct timespec begin, now;
			close(reading);
			burst(writing, "x", 0, 50);
			clock_gettime(CLOCK_MONOTONIC, &begin);
			do
				clock_gettime(CLOCK_MONOTONIC, &now);
			while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 100);
			_exit(9);
		}
		close(reading);
		close(writing);
		ended += status_of(writer, 20) == 9 << 8;
		status_of(reader, 20);
	}
	printf("  computes on: %s\n", ended > 4 ? "ends as it would" : "is ended");
}

static void body(const char *who)
{
	certain(SIG_DFL, "default");
	certain(SIG_IGN, "ignored");
	certain(on_pipe, "handled");
	told(who);
	for_ever(SIG_DFL, "default");
	for_ever(SIG_IGN, "ignored");
	at_exit();
	computes_on();
	/* a pipe with a reader is met as a new one */
	int reading, writing = make(&reading), fd = fresh(who, "file", O_WRONLY);
	char seen[16384];
	burst(writing, "x", 0, 200);
	burst(fd, "x", 0, 200);
	printf("  %zd\n", read(reading, seen, sizeof seen));
	close(fd);
	close(writing);
	close(reading);
}

int main(void)
{
	in_both(body);
	return 0;
}
