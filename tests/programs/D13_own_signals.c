/* A program that is told of its own writes by a signal: a pipe whose reading end has O_ASYNC, and a folder that is watched by F_NOTIFY. Natively the handler has
 * run when write returns. Once the handler stands from the start, once it is set while batches are made. The signal is SIGIO, or one that F_SETSIG has chosen,
 * which may be real-time: then each write's stands in the queue of who has blocked it. */
#include "burst.h"
#include <sys/stat.h>

static volatile int came;

static void on_io(int number)
{
	(void)number;
	came++;
}

static void writes(const char *what, int fd)
{
	int late = 0;

	came = 0;
	for (int i = 0; i < 300; i++) {
		if (write(fd, "x", 1) != 1)
			die("write");
		late += came != i + 1;
	}
	printf("%s: %d late, %d in all\n", what, late, came);
}

static void told(const void *unused)
{
	int ends[2], armed = create("before");

	(void)unused;
	signal(SIGIO, SIG_DFL);
	burst(armed, "main", 0, 300);
	signal(SIGIO, on_io);
	if (pipe(ends) || fcntl(ends[0], F_SETOWN, getpid()) || fcntl(ends[0], F_SETFL, O_ASYNC))
		die("pipe");
	writes("pipe", ends[1]);
	writes("pipe, again", ends[1]);
	close(ends[0]), close(ends[1]);
	mkdir("watched", 0700);
	int folder = open("watched", O_RDONLY), file = open("watched/file", O_WRONLY | O_CREAT, 0600);
	/* There are kernels without it. */
	if (fcntl(folder, F_NOTIFY, DN_MODIFY | DN_MULTISHOT) == 0)
		writes("folder", file);
	close(folder), close(file), close(armed);
}

static void chosen(const void *armed)
{
	int ends[2], file = create("chosen"), number = SIGRTMIN + 3;
	struct timespec now = {0};
	sigset_t set;

	signal(number, on_io);
	if (armed)
		burst(file, "main", 0, 300);
	if (pipe(ends) || fcntl(ends[0], F_SETOWN, getpid()) || fcntl(ends[0], F_SETSIG, number) || fcntl(ends[0], F_SETFL, O_ASYNC))
		die("pipe");
	writes("chosen", ends[1]);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 100; i++)
		if (write(ends[1], "x", 1) != 1)
			die("write");
	for (came = 0; sigtimedwait(&set, NULL, &now) == number;)
		came++;
	printf("chosen, blocked: %d\n", came);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(ends[0]), close(ends[1]), close(file);
}

int main(void)
{
	printf("%d, %d\n", in_child(chosen, NULL), in_child(chosen, "armed"));
	told(NULL);
	in_both(told, NULL);
	puts("done");
	return 0;
}
