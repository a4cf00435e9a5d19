/* A child writes a burst into a pipe, which another process then fills, and nobody reads. Then it is killed by a signal, or ends by itself, or goes on with a call that does not wait: what it
 * has written is in the pipe, and it waits for nobody. The other one sees by the child's memory when the burst is over, and lets it go on so, before a tick. */
/* coalesces: yes */
#include "burst.h"
#include <sys/uio.h>

enum { ROUNDS = 21, BURST = 300, PATIENCE = 8 /* seconds */, KILLED = 0, ENDS };

static volatile int over, may_go_on;

static void writes(int writing, int way)
{
	alarm(PATIENCE);
	for (int i = 0; i < BURST; i++)
		if (write(writing, "1", 1) != 1)
			_exit(2);
	for (over = 1; !may_go_on;)
		;
	if (way == ENDS)
		_exit(3);
	if (getppid() > 0)
		raise(SIGKILL);
}

static int is_over(pid_t child)
{
	int there = 0;
	struct iovec to = {&there, sizeof there}, from = {(void *)&over, sizeof over};

	if (process_vm_readv(child, &to, 1, &from, 1, 0) != sizeof there) {
		puts("nobody may look at a child's memory here");
		kill(child, SIGKILL);
		exit(77);
	}
	return there;
}

static void lets_go_on(pid_t child)
{
	static int yes = 1;
	struct iovec from = {&yes, sizeof yes}, to = {(void *)&may_go_on, sizeof may_go_on};

	if (process_vm_writev(child, &from, 1, &to, 1, 0) != sizeof yes)
		die("process_vm_writev");
}

/* By a description of its own: the child's writes go on waiting for room. */
static void fills(int writing)
{
	static char bytes[4096];
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", writing);
	int fd = open(path, O_WRONLY | O_NONBLOCK);
	memset(bytes, 'x', sizeof bytes);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	close(fd);
}

int main(void)
{
	static char all[1 << 20];
	int ends[2], status;
	ssize_t got;

	for (int round = 0; round < ROUNDS; round++) {
		int written = 0, way = round % 3;
		if (pipe(ends))
			die("pipe");
		fflush(stdout);
		pid_t child = fork();
		if (!child)
			writes(ends[1], way);
		while (!is_over(child))
			usleep(100);
		fills(ends[1]);
		if (way == KILLED)
			kill(child, SIGTERM);
		else
			lets_go_on(child);
		waitpid(child, &status, 0);
		close(ends[1]);
		while ((got = read(ends[0], all, sizeof all)) > 0)
			for (ssize_t i = 0; i < got; i++)
				written += all[i] == '1';
		close(ends[0]);
		printf("status %#x, %d bytes\n", status, written);
	}
	return 0;
}
