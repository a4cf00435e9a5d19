/* logs: readv */
#include "snippet.h"

static void snippet(void)
{
	char first[4] = "...", second[8] = ".......";
	struct iovec vector[3] = {{first, 3}, {NULL, 0}, {second, 7}};
	int fd = file_with("input", "seventeen letters");

	CALL(readv(fd, vector, 3));
	note_bytes("first", first, sizeof first);
	note_bytes("second", second, sizeof second);
	CALL(readv(fd, vector, 3));
	CALL(readv(fd, vector, 3));
	note_bytes("first", first, sizeof first);
	note_bytes("second", second, sizeof second);
	CALL(readv(fd, vector, 0));
	CALL(readv(fd, vector, (int)unknown(-1)));
	CALL(readv(fd, vector, (int)unknown(IOV_MAX + 1)));
	CALL(readv(-1, vector, 3));
	CALL(readv(fd, nowhere(), 3));
	/* what lies before the bad buffer is read */
	vector[2].iov_base = nowhere();
	lseek(fd, 0, SEEK_SET);
	CALL(readv(fd, vector, 3));
	vector[2].iov_len = (size_t)unknown(-1);
	CALL(readv(fd, vector, 3));
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	done_with(fd);
}
