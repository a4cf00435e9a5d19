/* A program that has made no timer asks for, sets and deletes one, as who has a timer_t that was never given a value: there is none. What it writes then is seen by who waits for it, although
 * it makes no call for a long time. */
/* coalesces: yes */
#include "burst.h"
#include <sys/stat.h>

static const char *error(long result)
{
	return result < 0 ? strerrorname_np(errno) : "0";
}

static void drip(int fd)
{
	for (int i = 0; i < 100; i++)
		if (write(fd, "x", 1) != 1)
			die("write");
}

static void writes(const void *unused)
{
	int fd = create("out"), ends[2], status, other = 0;
	struct itimerspec time = {{0, 0}, {0, 0}};
	struct stat file;
	char byte;

	(void)unused;
	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			_exit(1);
		for (int i = 0; i < 100 && (fstat(fd, &file) || file.st_size < 500); i++)
			usleep(5000);
		_exit(file.st_size == 500 ? 0 : 2);
	}
	drip(fd);
	printf("ask: %s\n", error(syscall(SYS_timer_gettime, 0, &time)));
	drip(fd);
	printf("overrun: %s\n", error(syscall(SYS_timer_getoverrun, 0)));
	drip(fd);
	printf("set: %s\n", error(syscall(SYS_timer_settime, 0, 0, &time, NULL)));
	drip(fd);
	for (int i = 0; i < 8; i++)
		other += syscall(SYS_timer_delete, i) == 0;
	printf("deleted: %d\n", other);
	if (write(ends[1], "x", 1) != 1)
		die("write");
	drip(fd);
	spin(800000000);
	waitpid(child, &status, 0);
	printf("seen: %#x\n", status);
	close(fd), close(ends[0]), close(ends[1]);
}

int main(void)
{
	in_both(writes, NULL);
	return 0;
}
