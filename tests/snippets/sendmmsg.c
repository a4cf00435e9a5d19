/* logs: sendmmsg */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one", second[] = "three", buffer[16];
	struct iovec vector[2] = {{first, 3}, {second, 5}};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = vector, .msg_iovlen = 1}},
				      {.msg_hdr = {.msg_iov = vector + 1, .msg_iovlen = 1}}};
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_DGRAM);
	CALL(sendmmsg(ends[0], messages, 2, 0));
	note("lengths %u %u\n", messages[0].msg_len, messages[1].msg_len);
	note_bytes("received", buffer, (size_t)read(ends[1], buffer, sizeof buffer));
	note_bytes("received", buffer, (size_t)read(ends[1], buffer, sizeof buffer));
	CALL(sendmmsg(ends[0], messages, 0, 0));
	/* the first goes out all the same */
	vector[1].iov_base = nowhere();
	CALL(sendmmsg(ends[0], messages, 2, 0));
	vector[0].iov_base = nowhere();
	CALL(sendmmsg(ends[0], messages, 2, 0));
	note_bytes("received", buffer, (size_t)read(ends[1], buffer, sizeof buffer));
	messages[0].msg_hdr.msg_namelen = (socklen_t)unknown(-1);
	messages[0].msg_hdr.msg_name = first;
	CALL(sendmmsg(ends[0], messages, 2, 0));
	CALL(sendmmsg(ends[0], nowhere(), 2, 0));
	CALL(sendmmsg(-1, messages, 2, 0));
	CALL(sendmmsg(fd, messages, 2, 0));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
