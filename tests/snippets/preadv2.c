/* logs: preadv2 */
#include "snippet.h"

static void snippet(void)
{
	char first[4] = "...", second[8] = ".......";
	struct iovec vector[2] = {{first, 3}, {second, 7}};
	int fd = file_with("input", "seventeen letters");

	CALL(preadv2(fd, vector, 2, 2, 0));
	note_bytes("second", second, sizeof second);
	CALL(preadv2(fd, vector, 2, -1, 0));
	note_bytes("second", second, sizeof second);
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	CALL(preadv2(fd, vector, 2, 0, RWF_HIPRI));
	CALL(preadv2(fd, vector, 2, 0, (int)unknown(0x40000000)));
	CALL(preadv2(fd, vector, 2, -2, 0));
	CALL(preadv2(fd, vector, (int)unknown(-1), 0, 0));
	CALL(preadv2(-1, vector, 2, 0, 0));
	CALL(preadv2(fd, nowhere(), 2, 0, 0));
	done_with(fd);
}
