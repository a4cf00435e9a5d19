/* logs: pwrite64 */
#include "snippet.h"

static void snippet(void)
{
	int fd = file_with("output", "........"), ends[2];

	CALL(pwrite(fd, "ab", 2, 3));
	CALL(pwrite(fd, "beyond", 6, 12));
	CALL(pwrite(fd, "", 0, 100));
	note_file("output");
	CALL(pwrite(fd, "x", 1, -1));
	CALL(pwrite(-1, "x", 1, 0));
	CALL(pwrite(fd, nowhere(), 1, 0));
	CALL(pwrite(fd, "x", 1, LONG_MAX));
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	socket_pair(ends, SOCK_STREAM);
	CALL(pwrite(ends[0], "x", 1, 0));
	done_with(ends[0]);
	done_with(ends[1]);
	done_with(fd);
}
