/* The same program again, executed by a vforked child. Its parent waits. */
#define _GNU_SOURCE
#include "frame.h"
#include <sys/wait.h>

int main(int count, char **arguments)
{
	char *again[] = {arguments[0], arguments[1], (char *)"again", NULL};
	int status;

	frame_choose(count, arguments);
	if (count > 2) {
		frame_run();
		return 7;
	}
	pid_t child = vfork();
	if (child < 0)
		give_up("vfork");
	if (!child) {
		execv(again[0], again);
		_exit(97);
	}
	if (waitpid(child, &status, 0) != child)
		give_up("waitpid");
	dprintf(1, "child: exit status %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status));
	return frame_done();
}
