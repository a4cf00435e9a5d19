/* logs: close */
#include "snippet.h"

static void snippet(void)
{
	int fd = file_with("file", "content"), other = dup(fd), ends[2];
	char byte;

	CALL(close(fd));
	CALL(close(fd));
	note("the other still reads %d\n", (int)read(other, &byte, 1));
	CALL(close(other));
	CALL(close(-1));
	CALL(close(unknown(4711)));
	note("the lowest number is free again: %d\n", dup(2) == fd);
	CALL(close(fd));
	socket_pair(ends, SOCK_STREAM);
	CALL(close(ends[0]));
	note("end of file: %d\n", (int)read(ends[1], &byte, 1));
	CALL(close(ends[1]));
}
