/* Cancellation that is already pending when a call begins, that is disabled during a call, and that meets libc's own locks: a thread
 * cancelled inside fgets leaves the stream unlocked; a disabled one finishes its read first. */
/* cc: -fexceptions */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int ends[2];
static FILE *stream;

static void say(void *what)
{
	printf("  cleanup %s\n", (char *)what);
}

static void *pending(void *unused)
{
	(void)unused;
	pthread_cleanup_push(say, "pending");
	pthread_cancel(pthread_self());
	puts("  still here"); /* a pipe or file: buffered, no call */
	if (write(ends[1], "never", 5) == 5)
		puts("  the write came back");
	pthread_cleanup_pop(0);
	return "came back";
}

static void *disabled(void *unused)
{
	char text[8] = "";

	(void)unused;
	pthread_cleanup_push(say, "disabled");
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	if (read(ends[0], text, sizeof text - 1) > 0)
		printf("  read %s\n", text);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return "came back";
}

static void *in_fgets(void *unused)
{
	char line[8];

	(void)unused;
	pthread_cleanup_push(say, "fgets");
	fgets(line, sizeof line, stream);
	pthread_cleanup_pop(0);
	return "came back";
}

static void run(const char *name, void *(*body)(void *), int cancel, const char *feed)
{
	pthread_t thread;
	void *result;

	printf("%s:\n", name);
	pthread_create(&thread, NULL, body, NULL);
	usleep(30000);
	if (cancel)
		pthread_cancel(thread);
	usleep(10000);
	if (feed && write(ends[1], feed, 3) != 3)
		exit(1);
	pthread_join(thread, &result);
	printf("  %s\n", result == PTHREAD_CANCELED ? "cancelled" : (char *)result);
}

int main(void)
{
	char line[8];

	if (pipe(ends))
		return 1;
	stream = fdopen(dup(ends[0]), "r");
	run("pending", pending, 0, NULL);
	run("disabled", disabled, 1, "abc");
	run("fgets", in_fgets, 1, NULL);
	/* the stream's lock is free again, and nothing was written by the cancelled write */
	if (write(ends[1], "xy\n", 3) != 3 || ftrylockfile(stream) != 0)
		return 1;
	funlockfile(stream);
	printf("%s", fgets(line, sizeof line, stream));
	puts("done");
	return 0;
}
