/* logs: recvfrom */
#include "snippet.h"

static void snippet(void)
{
	char buffer[16] = "untouched";
	struct sockaddr_un address, other, seen;
	socklen_t length = sizeof seen;
	int to = socket_at("receiver", &address), from = socket_at("sender", &other);

	for (int i = 0; i < 4; i++)
		note("sent %d\n", (int)sendto(from, "seven b", 7, 0, (struct sockaddr *)&address, sizeof address));
	memset(&seen, 0, sizeof seen);
	CALL(recvfrom(to, buffer, sizeof buffer, 0, (struct sockaddr *)&seen, &length));
	note("from %s, %u bytes\n", seen.sun_path, (unsigned)length);
	note_bytes("buffer", buffer, sizeof buffer);
	memset(&seen, 'x', sizeof seen);
	length = 4;
	CALL(recvfrom(to, buffer, 3, MSG_TRUNC, (struct sockaddr *)&seen, &length));
	note("%u bytes\n", (unsigned)length);
	note_bytes("address", &seen, 8);
	length = (socklen_t)unknown(-1);
	CALL(recvfrom(to, buffer, 3, 0, (struct sockaddr *)&seen, &length));
	length = sizeof seen;
	CALL(recvfrom(to, buffer, 3, 0, nowhere(), &length));
	CALL(recvfrom(to, buffer, sizeof buffer, MSG_DONTWAIT, NULL, NULL));
	CALL(recvfrom(to, nowhere(), sizeof buffer, MSG_DONTWAIT, NULL, NULL));
	CALL(recvfrom(-1, buffer, sizeof buffer, 0, (struct sockaddr *)&seen, &length));
	done_with(from);
	done_with(to);
}
