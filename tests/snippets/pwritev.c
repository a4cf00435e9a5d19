/* logs: pwritev */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one ", second[] = "two";
	struct iovec vector[2] = {{first, 4}, {second, 3}};
	int fd = file_with("output", "..............");

	CALL(pwritev(fd, vector, 2, 2));
	CALL(pwritev(fd, vector, 1, 16));
	CALL(pwritev(fd, vector, 0, 0));
	CALL(pwritev(fd, vector, 2, -1));
	CALL(pwritev(fd, vector, (int)unknown(-1), 0));
	CALL(pwritev(-1, vector, 2, 0));
	CALL(pwritev(fd, nowhere(), 2, 0));
	note_file("output");
	note("offset %ld\n", (long)lseek(fd, 0, SEEK_CUR));
	done_with(fd);
}
