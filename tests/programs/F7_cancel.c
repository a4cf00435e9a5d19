/* pthread_cancel meets threads that wait in a read or a write right behind a burst of small writes, that write without end, that cancel
 * themselves: the burst is there, the cleanup handlers run and burst themselves, what should not have been written is not, and who was
 * not cancelled goes on. Where no line can be exact, it is said to one line: a cancelled write has happened or has not. */
/* cc: -fexceptions */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *who;
static int first, own, cleaned; /* files of the first thread, of the other, of the cleanup handlers */
static int ends[2];
static atomic_int ready, enabled;
static atomic_long written;
static pthread_t main_thread;

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
	}
}

static void clean(void *name)
{
	burst(cleaned, name, 100);
}

static int file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s.%s", who, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		exit(90);
	return fd;
}

/* What can be cancelled at any instruction stands in a function of its own, below the one with the handlers: the compiler promises these
 * for calls only. Here: a burst that no cancellation can end, and then now. */
static __attribute__((noinline)) void burst_and_read(int asynchronous)
{
	char c;
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	burst(own, "thread", 400);
	ready = 1;
	burst(own, "thread-again", 200);
	if (asynchronous)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	enabled = 1;
	if (read(ends[0], &c, 1) != 1)
		_exit(92);
}

static void *reads(void *asynchronous)
{
	pthread_cleanup_push(clean, "outer");
	pthread_cleanup_push(clean, "inner");
	burst_and_read(asynchronous != NULL);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return "came back";
}

/* Small writes of one size until the pipe is full, and one more. */
static void *fills(void *unused)
{
	char text[65];

	(void)unused;
	pthread_cleanup_push(clean, "writer");
	for (int i = 0;; i++) {
		snprintf(text, sizeof text, "%063d\n", i);
		if (write(ends[1], text, 64) != 64)
			_exit(93);
	}
	pthread_cleanup_pop(0);
	return "came back";
}

static __attribute__((noinline)) void endless(int asynchronous)
{
	char text[128];
	int old;

	if (asynchronous)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (int i = 0;; i++) {
		int length = line(text, "endless", i);
		if (write(own, text, length) != length)
			_exit(94);
		written++;
	}
}

static void *writes_without_end(void *asynchronous)
{
	pthread_cleanup_push(clean, "endless");
	endless(asynchronous != NULL);
	pthread_cleanup_pop(0);
	return "came back";
}

static void join(const char *what, pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	printf("%s, %s: %s\n", who, what, result == PTHREAD_CANCELED ? "cancelled" : (char *)result);
}

static void in_read(void *asynchronous)
{
	pthread_t thread;

	ready = enabled = 0;
	burst(first, "before", 500);
	pthread_create(&thread, NULL, reads, asynchronous);
	burst(first, "while", 300);
	/* NB: not before it is enabled: glibc 2.36 then ends an asynchronous one without PTHREAD_CANCELED, natively too. */
	while (!ready || (asynchronous && !enabled))
		usleep(1000);
	usleep(10000); /* most likely it waits by now; if not, the same must come of it */
	burst(first, "before-cancel", 300);
	pthread_cancel(thread);
	burst(first, "after-cancel", 300);
	join("read", thread);
	burst(first, "joined", 300);
}

static void in_write(void *unused)
{
	pthread_t thread;
	int size = fcntl(ends[1], F_GETPIPE_SZ), filled = 0, right = 0;
	char text[65], wanted[65];

	(void)unused;
	burst(first, "before", 500);
	pthread_create(&thread, NULL, fills, NULL);
	burst(first, "while", 300);
	while (ioctl(ends[0], FIONREAD, &filled) == 0 && filled < size)
		usleep(1000);
	burst(first, "before-cancel", 300);
	pthread_cancel(thread);
	join("write", thread);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (read(ends[0], text, 64) == 64) {
		snprintf(wanted, sizeof wanted, "%063d\n", right);
		right += memcmp(text, wanted, 64) == 0;
	}
	fcntl(ends[0], F_SETFL, 0);
	printf("%s: pipe full %d, as many lines as it holds %d\n", who, filled == size, right == size / 64);
	burst(first, "after", 300);
}

/* in a file of its own, which goes when it has been read */
static void without_end(void *asynchronous)
{
	pthread_t thread;
	char text[128], wanted[128];
	long lines = 0, wrong = 0;
	int kept = own;

	own = file("endless");
	written = 0;
	burst(first, "before", 500);
	pthread_create(&thread, NULL, writes_without_end, asynchronous);
	while (written < 1000)
		usleep(1000);
	pthread_cancel(thread);
	join("without end", thread);
	FILE *f = fdopen(own, "r");
	rewind(f);
	while (fgets(text, sizeof text, f)) {
		line(wanted, "endless", lines++);
		wrong += strcmp(text, wanted) != 0;
	}
	printf("%s: lines missing or too many %d, wrong %ld\n", who, lines != written && lines != written + 1, wrong);
	fclose(f);
	snprintf(text, sizeof text, "%s.endless", who);
	unlink(text);
	own = kept;
	burst(first, "after", 300);
}

/* A thread that is cancelled already: its next write is not made, however small and however many it was among. */
static void *cancels_itself(void *unused)
{
	(void)unused;
	pthread_cleanup_push(clean, "self");
	burst(own, "before-self", 500);
	pthread_cancel(pthread_self());
	burst(own, "never", 100);
	pthread_cleanup_pop(0);
	return "came back";
}

static void itself(void *unused)
{
	pthread_t thread;

	(void)unused;
	burst(first, "before", 500);
	pthread_create(&thread, NULL, cancels_itself, NULL);
	join("itself", thread);
	burst(first, "after", 500);
}

static void at_exit(void)
{
	burst(first, "at-exit", 100);
}

/* The only thread of a process cancels itself in the middle of its burst: the process ends with 0, by way of exit. */
static void alone(void *unused)
{
	(void)unused;
	atexit(at_exit);
	cancels_itself(NULL);
}

static void *cancels_main(void *unused)
{
	void *result;

	(void)unused;
	while (!ready)
		usleep(1000);
	burst(own, "before-cancel", 300);
	pthread_cancel(main_thread);
	pthread_join(main_thread, &result);
	burst(own, "main-is-gone", 500);
	printf("%s: main %s\n", who, result == PTHREAD_CANCELED ? "cancelled" : "came back");
	exit(4);
}

static void of_main(void *unused)
{
	pthread_t thread;
	char c;

	(void)unused;
	ready = 0;
	main_thread = pthread_self();
	pthread_cleanup_push(clean, "main");
	burst(first, "before", 500);
	pthread_create(&thread, NULL, cancels_main, NULL);
	burst(first, "while", 300);
	ready = 1;
	if (read(ends[0], &c, 1) != 1)
		_exit(92);
	pthread_cleanup_pop(0);
}

static void run(const char *name, void (*what)(void *), void *argument)
{
	who = name;
	first = file("first");
	own = file("own");
	cleaned = file("cleaned");
	if (pipe(ends))
		exit(90);
	what(argument);
	close(first);
	close(own);
	close(cleaned);
	close(ends[0]);
	close(ends[1]);
}

static void in_child(const char *name, void (*what)(void *), void *argument)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run(name, what, argument);
		exit(7);
	}
	waitpid(pid, &status, 0);
	printf("%s: status %#x\n", name, status);
}

int main(void)
{
	in_child("child.read", in_read, NULL);
	in_child("child.read.asynchronous", in_read, "");
	in_child("child.write", in_write, NULL);
	in_child("child.without-end", without_end, NULL);
	for (int i = 0; i < 10; i++) /* it may come at any place in us */
		in_child("child.without-end.asynchronous", without_end, "");
	in_child("child.itself", itself, NULL);
	in_child("child.alone", alone, NULL);
	in_child("child.of-main", of_main, NULL);
	run("read", in_read, NULL);
	run("write", in_write, NULL);
	run("without-end", without_end, NULL);
	run("itself", itself, NULL);
	in_child("late.read", in_read, NULL);
	puts("done");
	return 0;
}
