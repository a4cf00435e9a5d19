/* logs: close_range */
/* flavours: plain */
#include "snippet.h"

static void snippet(void)
{
	for (int fd = 3; fd < 40; fd += 3)
		dup2(2, fd);
	CALL_VOID(closefrom(20));
	for (int fd = 3; fd < 40; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			note("%d is open\n", fd);
	CALL_VOID(closefrom(3));
	note("the lowest number is %d\n", dup(2));
	CALL_VOID(closefrom(3));
	CALL_VOID(closefrom(3));
}
