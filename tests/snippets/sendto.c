/* logs: sendto */
#include "snippet.h"

static void snippet(void)
{
	char buffer[16];
	struct sockaddr_un address, other;
	int to = socket_at("receiver", &address), from = socket_at("sender", &other);

	CALL(sendto(from, "hello", 5, 0, (struct sockaddr *)&address, sizeof address));
	CALL(sendto(from, "", 0, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address));
	note_bytes("received", buffer, (size_t)read(to, buffer, sizeof buffer));
	CALL(sendto(from, "x", 1, 0, NULL, 0));
	CALL(sendto(from, "x", 1, 0, (struct sockaddr *)&address, (socklen_t)unknown(1)));
	CALL(sendto(from, "x", 1, 0, (struct sockaddr *)&address, (socklen_t)unknown(4096)));
	CALL(sendto(from, "x", 1, 0, nowhere(), sizeof address));
	CALL(sendto(from, nowhere(), 1, 0, (struct sockaddr *)&address, sizeof address));
	CALL(sendto(-1, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
	strcpy(other.sun_path, "nobody");
	CALL(sendto(from, "x", 1, 0, (struct sockaddr *)&other, sizeof other));
	done_with(from);
	CALL(sendto(to, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address));
	note_bytes("received", buffer, (size_t)read(to, buffer, 0));
	note_bytes("received", buffer, (size_t)read(to, buffer, sizeof buffer));
	done_with(to);
}
