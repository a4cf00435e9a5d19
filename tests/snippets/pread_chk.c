/* logs: pread64 */
/* cc: -O2 -D_FORTIFY_SOURCE=2 */
/* flavours: plain */
#include "snippet.h"

extern ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __pread64_chk(int, void *, size_t, off64_t, size_t);

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

	CALL(__pread_chk(fd, buffer, 5, 7, sizeof buffer));
	CALL(__pread64_chk(fd, buffer, 5, 0, sizeof buffer));
	CALL(pread(fd, buffer, (size_t)unknown(3), 1));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(__pread_chk(fd, buffer, 5, -1, sizeof buffer));
	CALL(__pread64_chk(-1, buffer, 5, 0, sizeof buffer));
	CALL(__pread_chk(fd, nowhere(), 5, 0, 5));
	sigaction(SIGABRT, &action, &before);
	open_signal(SIGABRT);
	int number = sigsetjmp(overflow, 1);
	if (!number)
		note("read %d\n", (int)__pread64_chk(fd, buffer, (size_t)unknown(17), 0, 16));
	else
		note("ended by signal %d\n", number);
	sigaction(SIGABRT, &before, NULL);
	done_with(fd);
}
