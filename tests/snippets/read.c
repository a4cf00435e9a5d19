/* logs: read */
#include "snippet.h"
#include <sys/eventfd.h>

static void snippet(void)
{
	char buffer[16] = "untouched";
	int fd = file_with("input", "twelve bytes"), event = eventfd(0, EFD_NONBLOCK);

	CALL(read(fd, buffer, 5));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(read(fd, buffer, sizeof buffer));
	CALL(read(fd, buffer, sizeof buffer));
	note_bytes("buffer", buffer, sizeof buffer);
	CALL(read(fd, buffer, 0));
	CALL(read(-1, buffer, 1));
	CALL(read(unknown(4711), buffer, 1));
	lseek(fd, 0, SEEK_SET);
	CALL(read(fd, nowhere(), 1));
	CALL(read(fd, nowhere(), 0));
	CALL(read(fd, buffer, (size_t)unknown(-1)));
	CALL(read(event, buffer, 4));
	CALL(read(event, buffer, 8));
	CALL(read(fd, buffer, 3));
	note_bytes("buffer", buffer, sizeof buffer);
	done_with(event);
	done_with(fd);
}
