/* The constructor of a shared library that the program is linked with: the snippet and the frame stand in the library. */
/* build: library */
#define _GNU_SOURCE
#ifdef IN_LIBRARY
#include "frame.h"

__attribute__((constructor)) static void at_start(int count, char **arguments)
{
	frame_choose(count, arguments);
	frame_run();
}

int library_done(void)
{
	return frame_done();
}
#else
int library_done(void);

int main(void)
{
	return library_done();
}
#endif
