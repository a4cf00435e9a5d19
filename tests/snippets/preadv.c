/* logs: preadv */
#include "snippet.h"

static void snippet(void)
{
	char first[4] = "...", second[8] = ".......";
	struct iovec vector[2] = {{first, 3}, {second, 7}};
	int fd = file_with("input", "seventeen letters");

	CALL(preadv(fd, vector, 2, 2));
	note_bytes("first", first, sizeof first);
	note_bytes("second", second, sizeof second);
	CALL(preadv(fd, vector, 2, 15));
	CALL(preadv(fd, vector, 2, 17));
	CALL(preadv(fd, vector, 2, (off_t)1 << 40));
	CALL(preadv(fd, vector, 2, -1));
	CALL(preadv(fd, vector, (int)unknown(-1), 0));
	CALL(preadv(-1, vector, 2, 0));
	CALL(preadv(fd, nowhere(), 2, 0));
	note_bytes("second", second, sizeof second);
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	done_with(fd);
}
