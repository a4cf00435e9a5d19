/* A handler that needs more stack than an alternate one has, and says where it ran. */
#ifndef DEEP_H
#define DEEP_H

#include "burst.h"

enum { DEEP = 1 << 20 };

static char *first; /* of main's stack */
static int deep, elsewhere;

/* On the stack on which main stands? Another one may have room below it, which is somebody's. */
static __attribute__((noinline)) void goes_deep(int number)
{
	volatile char space[DEEP];

	(void)number;
	if (first - (char *)space < 0 || first - (char *)space > 64 << 20) {
		elsewhere++;
		return;
	}
	memset((char *)space, 1, sizeof space);
	deep += space[DEEP / 2];
}

#endif
