/* logs: sendto */
#include "snippet.h"

static void snippet(void)
{
	char buffer[16];
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_STREAM);
	CALL(send(ends[0], "hello", 5, 0));
	CALL(send(ends[0], "!", 1, MSG_DONTWAIT));
	CALL(send(ends[0], "", 0, 0));
	note_bytes("received", buffer, (size_t)recvfrom(ends[1], buffer, sizeof buffer, 0, NULL, NULL));
	CALL(send(ends[0], nowhere(), 5, 0));
	CALL(send(ends[0], "x", 1, MSG_OOB | MSG_ERRQUEUE));
	CALL(send(-1, "x", 1, 0));
	CALL(send(fd, "x", 1, 0));
	done_with(ends[1]);
	CALL(send(ends[0], "x", 1, MSG_NOSIGNAL));
	done_with(ends[0]);
	done_with(fd);
}
