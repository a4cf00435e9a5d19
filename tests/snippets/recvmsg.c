/* logs: recvmsg */
#include "snippet.h"

static void snippet(void)
{
	char first[4] = "...", second[8] = ".......";
	struct iovec vector[2] = {{first, 3}, {second, 7}};
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = 2};
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_DGRAM);
	for (int i = 0; i < 4; i++)
		note("sent %d\n", (int)write(ends[1], "seventeen letters", 17));
	CALL(recvmsg(ends[0], &message, 0));
	note_bytes("first", first, sizeof first);
	note_bytes("second", second, sizeof second);
	note("flags %#x\n", (unsigned)message.msg_flags);
	CALL(recvmsg(ends[0], &message, MSG_TRUNC));
	message.msg_iovlen = IOV_MAX + 1;
	CALL(recvmsg(ends[0], &message, 0));
	message.msg_iovlen = 2;
	vector[0].iov_base = nowhere();
	CALL(recvmsg(ends[0], &message, MSG_DONTWAIT));
	vector[0].iov_base = first;
	message.msg_namelen = (socklen_t)unknown(-1);
	message.msg_name = second;
	CALL(recvmsg(ends[0], &message, MSG_DONTWAIT));
	message.msg_namelen = 0;
	CALL(recvmsg(ends[0], &message, MSG_DONTWAIT));
	CALL(recvmsg(ends[0], &message, MSG_DONTWAIT));
	CALL(recvmsg(ends[0], nowhere(), 0));
	CALL(recvmsg(-1, &message, 0));
	CALL(recvmsg(fd, &message, 0));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
