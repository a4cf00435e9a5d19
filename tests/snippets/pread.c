/* logs: pread64 */
#include "snippet.h"

static void snippet(void)
{
	char buffer[16] = "untouched";
	int fd = file_with("input", "twelve bytes"), ends[2];

	CALL(pread(fd, buffer, 5, 7));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(pread(fd, buffer, sizeof buffer, 2));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(pread(fd, buffer, 5, 12));
	CALL(pread(fd, buffer, 5, (off_t)1 << 40));
	CALL(pread(fd, buffer, 5, -1));
	CALL(pread(-1, buffer, 5, 0));
	CALL(pread(fd, nowhere(), 5, 0));
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	socket_pair(ends, SOCK_STREAM);
	CALL(pread(ends[0], buffer, 5, 0));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
