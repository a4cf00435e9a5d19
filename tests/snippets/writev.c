/* logs: writev */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one ", second[] = "two\n";
	struct iovec vector[3] = {{first, 4}, {NULL, 0}, {second, 4}};
	int fd = file_with("output", "");

	CALL(writev(fd, vector, 3));
	CALL(writev(fd, vector, 0));
	CALL(writev(fd, vector, (int)unknown(-1)));
	CALL(writev(fd, vector, (int)unknown(IOV_MAX + 1)));
	CALL(writev(-1, vector, 3));
	CALL(writev(fd, nowhere(), 3));
	/* what lies before the bad buffer is written */
	vector[2].iov_base = nowhere();
	CALL(writev(fd, vector, 3));
	vector[0].iov_base = nowhere();
	CALL(writev(fd, vector, 3));
	vector[0].iov_base = first;
	vector[2].iov_len = (size_t)unknown(-1);
	CALL(writev(fd, vector, 3));
	note_file("output");
	done_with(fd);
}
