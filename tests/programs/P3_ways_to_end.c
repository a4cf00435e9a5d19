/* Ends in the way that its argument names, with I/O in every place that runs late: atexit and at_quick_exit functions, destructors of the
 * first and of the last priority, stdio's own flush, handlers. Each line of the file "late" is one pwrite of 16 bytes, which libc never
 * makes by itself: so the file's size tells how many there were, and the summary must say the same. With each goes a burst of small writes
 * to the file "burst", the last of which may still be in a buffer of ours when the end comes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BURST = 40 };

static const char *way;
static int file = -1, burst = -1, lines;

static void line(const char *where)
{
	char text[17];

	snprintf(text, sizeof text, "%-15.15s\n", where);
	if (pwrite(file, text, 16, 16L * lines++) != 16)
		_exit(99);
	for (int i = 0; i < BURST; i++)
		if (write(burst, text, 3) != 3)
			_exit(99);
}

static int is(const char *name)
{
	return way && strcmp(way, name) == 0;
}

static void at_exit(void)
{
	line("atexit");
	if (is("exit_in_atexit"))
		exit(8);
	if (is("close_all"))
		for (int fd = 0; fd < 64; fd++)
			if (fd != file && fd != burst)
				close(fd);
}

static void at_quick_exit_function(void)
{
	line("at_quick_exit");
}

__attribute__((destructor(101))) static void last(void)
{
	if (way)
		line("last destructor");
}

__attribute__((destructor)) static void destructor(void)
{
	if (way)
		line("destructor");
	if (is("_exit_in_destructor"))
		_exit(9);
}

static void handler(int signal)
{
	line("handler");
	if (signal == SIGUSR1)
		exit(7);
}

static void *in_thread(void *unused)
{
	(void)unused;
	line("thread");
	exit(7);
}

static void *waits(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void inline_exit(void)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(7));
#else
	_exit(7);
#endif
}

static int end(void)
{
	pthread_t thread;

	if (is("exit") || is("exit_in_atexit") || is("_exit_in_destructor") || is("close_all"))
		exit(7);
	else if (is("_exit"))
		_exit(7);
	else if (is("_Exit"))
		_Exit(7);
	else if (is("quick_exit"))
		quick_exit(7);
	else if (is("abort") || is("abort_caught"))
		abort();
	else if (is("exit_group"))
		syscall(SYS_exit_group, 7);
	else if (is("exit_of_one"))
		syscall(SYS_exit, 7);
	else if (is("inline"))
		inline_exit();
	else if (is("exit_in_handler"))
		raise(SIGUSR1);
	else if (is("exit_in_thread") && pthread_create(&thread, NULL, in_thread, NULL) == 0)
		waits(NULL);
	else if (is("threads_wait") && pthread_create(&thread, NULL, waits, NULL) == 0)
		return 7;
	else if (is("pthread_exit"))
		pthread_exit(NULL);
	else if (is("signal"))
		raise(SIGTERM);
	return 7;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	file = open("late", O_RDWR | O_CREAT | O_TRUNC, 0600);
	burst = open("burst", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	way = argv[1];
	signal(SIGUSR1, handler);
	if (is("abort_caught"))
		signal(SIGABRT, handler);
	atexit(at_exit);
	at_quick_exit(at_quick_exit_function);
	line("main");
	line(way);
	/* stdio writes this at exit, after every atexit function */
	setvbuf(stdout, NULL, _IOFBF, 4096);
	printf("buffered\n");
	if (is("after_fork")) {
		/* the child ends too, and its summary is its own */
		fflush(stdout);
		pid_t child = fork();
		int status;
		if (child == 0)
			_exit(3);
		waitpid(child, &status, 0);
		printf("child: %d\n", status >> 8);
	}
	return end();
}
