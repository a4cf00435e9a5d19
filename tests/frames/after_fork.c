/* A forked child. Its parent waits. */
#define _GNU_SOURCE
#include "frame.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
	int status;

	frame_choose(count, arguments);
	pid_t child = fork();
	if (child < 0)
		give_up("fork");
	if (!child) {
		frame_run();
		_exit(7);
	}
	if (waitpid(child, &status, 0) != child)
		give_up("waitpid");
	dprintf(1, "child: exit status %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status));
	return frame_done();
}
