/* The program's destructor: after all functions of atexit, before those of the libraries. */
#define _GNU_SOURCE
#include "frame.h"

__attribute__((destructor)) static void at_end(void)
{
	frame_run();
	frame_done();
}

int main(int count, char **arguments)
{
	frame_choose(count, arguments);
	return 5;
}
