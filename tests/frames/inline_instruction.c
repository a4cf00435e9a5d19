/* In main, with every call made by an instruction in the snippet: nobody needs to see it, but nothing may be otherwise either. */
/* flavour: inline */
#define _GNU_SOURCE
#include "frame.h"

int main(int count, char **arguments)
{
	frame_choose(count, arguments);
	frame_run();
	return frame_done();
}
