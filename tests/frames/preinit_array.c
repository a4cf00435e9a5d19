/* Before any constructor but the preloaded objects' own: .preinit_array. */
#define _GNU_SOURCE
#include "frame.h"

static void early(int count, char **arguments, char **environment)
{
	(void)environment;
	frame_choose(count, arguments);
	frame_run();
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **, char **) = early;

int main(void)
{
	return frame_done();
}
