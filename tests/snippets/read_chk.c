/* logs: read */
/* cc: -O2 -D_FORTIFY_SOURCE=2 */
/* flavours: plain */
#include "snippet.h"

extern ssize_t __read_chk(int, void *, size_t, size_t);

static sigjmp_buf overflow;

static void aborted(int number)
{
	siglongjmp(overflow, number);
}

static void snippet(void)
{
	char buffer[16] = "untouched";
	int fd = file_with("input", "twelve bytes");
	struct sigaction action = {.sa_handler = aborted}, before;

	CALL(__read_chk(fd, buffer, 5, sizeof buffer));
	CALL(read(fd, buffer, (size_t)unknown(3)));
	CALL(__read_chk(fd, buffer, 16, 16));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(__read_chk(-1, buffer, 5, sizeof buffer));
	lseek(fd, 0, SEEK_SET);
	CALL(__read_chk(fd, nowhere(), 5, 5));
	/* more than the buffer holds: libc ends the program, and nothing is read before */
	sigaction(SIGABRT, &action, &before);
	open_signal(SIGABRT);
	int number = sigsetjmp(overflow, 1);
	if (!number)
		note("read %d\n", (int)__read_chk(fd, buffer, (size_t)unknown(17), 16));
	else
		note("ended by signal %d\n", number);
	sigaction(SIGABRT, &before, NULL);
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	done_with(fd);
}
