/* logs: recvfrom */
/* cc: -O2 -D_FORTIFY_SOURCE=2 */
/* flavours: plain */
#include "snippet.h"

extern ssize_t __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);

static sigjmp_buf overflow;

static void aborted(int number)
{
	siglongjmp(overflow, number);
}

static void snippet(void)
{
	char buffer[16] = "untouched";
	int ends[2];
	struct sockaddr_un seen;
	socklen_t length = sizeof seen;
	struct sigaction action = {.sa_handler = aborted}, before;

	socket_pair(ends, SOCK_STREAM);
	note("sent %d\n", (int)write(ends[1], "twelve bytes", 12));
	CALL(__recv_chk(ends[0], buffer, 3, sizeof buffer, MSG_PEEK));
	CALL(__recv_chk(ends[0], buffer, 4, sizeof buffer, 0));
	CALL(__recvfrom_chk(ends[0], buffer, 3, sizeof buffer, 0, (struct sockaddr *)&seen, &length));
	CALL(recv(ends[0], buffer, (size_t)unknown(2), 0));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(__recv_chk(ends[0], nowhere(), 5, 5, MSG_DONTWAIT));
	CALL(__recv_chk(-1, buffer, 5, sizeof buffer, 0));
	CALL(__recvfrom_chk(ends[0], buffer, 5, sizeof buffer, MSG_OOB | MSG_DONTWAIT, NULL, NULL));
	sigaction(SIGABRT, &action, &before);
	open_signal(SIGABRT);
	int number = sigsetjmp(overflow, 1);
	if (!number)
		note("received %d\n", (int)__recv_chk(ends[0], buffer, (size_t)unknown(17), 16, MSG_DONTWAIT));
	else
		note("ended by signal %d\n", number);
	sigaction(SIGABRT, &before, NULL);
	done_with(ends[0]);
	done_with(ends[1]);
}
