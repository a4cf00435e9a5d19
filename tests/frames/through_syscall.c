/* In main, with every call made through syscall(). */
/* flavour: syscall */
#define _GNU_SOURCE
#include "frame.h"

int main(int count, char **arguments)
{
	frame_choose(count, arguments);
	frame_run();
	return frame_done();
}
