/* logs: close_range */
#include "snippet.h"
#include <linux/close_range.h>

static void note_open(void)
{
	for (int fd = 3; fd < 20; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			note("%d is open, close-on-exec %d\n", fd, fcntl(fd, F_GETFD));
}

static void snippet(void)
{
	for (int fd = 10; fd < 16; fd++)
		dup2(2, fd);
	CALL(close_range(11, 12, 0));
	note_open();
	CALL(close_range(14, 20, CLOSE_RANGE_CLOEXEC));
	note_open();
	CALL(close_range(5, 4, 0));
	CALL(close_range(3, 4, (int)unknown(0x100)));
	CALL(close_range(100, 200, 0));
	CALL(close_range(3, ~0u, CLOSE_RANGE_UNSHARE));
	note_open();
	CALL(close_range(3, ~0u, 0));
}
