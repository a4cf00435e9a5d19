/* logs: sendmsg */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one ", second[] = "two", buffer[16];
	struct iovec vector[2] = {{first, 4}, {second, 3}};
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_STREAM);
	CALL(sendmsg(ends[0], &message, 0));
	note_bytes("received", buffer, (size_t)read(ends[1], buffer, sizeof buffer));
	message.msg_iovlen = IOV_MAX + 1;
	CALL(sendmsg(ends[0], &message, 0));
	message.msg_iovlen = 2;
	vector[1].iov_base = nowhere();
	CALL(sendmsg(ends[0], &message, 0));
	vector[1].iov_base = second;
	message.msg_control = first;
	message.msg_controllen = 3;
	CALL(sendmsg(ends[0], &message, 0));
	message.msg_control = NULL;
	message.msg_controllen = 0;
	message.msg_namelen = (socklen_t)unknown(-1);
	message.msg_name = first;
	CALL(sendmsg(ends[0], &message, 0));
	CALL(sendmsg(ends[0], nowhere(), 0));
	CALL(sendmsg(-1, &message, 0));
	CALL(sendmsg(fd, &message, 0));
	note("waiting: %d\n", (int)recvfrom(ends[1], buffer, sizeof buffer, MSG_DONTWAIT, NULL, NULL));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
