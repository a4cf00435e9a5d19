/* logs: pwritev2 */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one ", second[] = "two";
	struct iovec vector[2] = {{first, 4}, {second, 3}};
	int fd = file_with("output", "..............");

	CALL(pwritev2(fd, vector, 2, 2, 0));
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	CALL(pwritev2(fd, vector, 1, -1, RWF_DSYNC));
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	CALL(pwritev2(fd, vector, 2, 0, RWF_APPEND));
	CALL(pwritev2(fd, vector, 2, 0, (int)unknown(0x40000000)));
	CALL(pwritev2(fd, vector, 2, -2, 0));
	CALL(pwritev2(fd, vector, (int)unknown(-1), 0, 0));
	CALL(pwritev2(-1, vector, 2, 0, 0));
	CALL(pwritev2(fd, nowhere(), 2, 0, 0));
	note_file("output");
	done_with(fd);
}
