/* A function that exit calls. */
#define _GNU_SOURCE
#include "frame.h"

static void handler(void)
{
	frame_run();
	frame_done();
}

int main(int count, char **arguments)
{
	frame_choose(count, arguments);
	if (atexit(handler))
		give_up("atexit");
	return 5;
}
