/* logs: recvfrom */
#include "snippet.h"

static void snippet(void)
{
	char buffer[16] = "untouched";
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_STREAM);
	note("sent %d\n", (int)write(ends[1], "twelve bytes", 12));
	CALL(recv(ends[0], buffer, 3, MSG_PEEK));
	CALL(recv(ends[0], buffer, 6, 0));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(recv(ends[0], nowhere(), 6, 0));
	CALL(recv(ends[0], buffer, 0, 0));
	CALL(recv(ends[0], buffer, 16, MSG_DONTWAIT));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(recv(ends[0], buffer, 16, MSG_DONTWAIT));
	CALL(recv(ends[0], buffer, 16, MSG_OOB | MSG_DONTWAIT));
	CALL(recv(-1, buffer, 16, 0));
	CALL(recv(fd, buffer, 16, 0));
	done_with(ends[1]);
	CALL(recv(ends[0], buffer, 16, 0));
	done_with(ends[0]);
	done_with(fd);
}
