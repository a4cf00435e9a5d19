/* logs: recvmmsg */
#include "snippet.h"
#include <time.h>

static void snippet(void)
{
	char first[4] = "...", second[8] = ".......";
	struct iovec vector[2] = {{first, 3}, {second, 7}};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = vector, .msg_iovlen = 1}},
				      {.msg_hdr = {.msg_iov = vector + 1, .msg_iovlen = 1}}};
	struct timespec long_time = {30, 0}, bad_time = {0, -1};
	int ends[2], fd = file_with("file", "");

	socket_pair(ends, SOCK_DGRAM);
	for (int i = 0; i < 4; i++)
		note("sent %d\n", (int)write(ends[1], "12345678" + i, 4));
	CALL(recvmmsg(ends[0], messages, 2, 0, &long_time));
	note("lengths %u %u, flags %#x %#x\n", messages[0].msg_len, messages[1].msg_len, (unsigned)messages[0].msg_hdr.msg_flags,
	     (unsigned)messages[1].msg_hdr.msg_flags);
	note_bytes("first", first, sizeof first);
	note_bytes("second", second, sizeof second);
	CALL(recvmmsg(ends[0], messages, 2, 0, &bad_time));
	CALL(recvmmsg(ends[0], messages, 2, 0, nowhere()));
	CALL(recvmmsg(ends[0], messages, 1, MSG_WAITFORONE, NULL));
	CALL(recvmmsg(ends[0], messages, 2, MSG_WAITFORONE, NULL));
	CALL(recvmmsg(ends[0], messages, 2, MSG_DONTWAIT, NULL));
	CALL(recvmmsg(ends[0], messages, 0, MSG_DONTWAIT, NULL));
	CALL(recvmmsg(ends[0], nowhere(), 2, MSG_DONTWAIT, NULL));
	CALL(recvmmsg(-1, messages, 2, 0, NULL));
	CALL(recvmmsg(fd, messages, 2, 0, NULL));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
