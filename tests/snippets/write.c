/* logs: write */
#include "snippet.h"

static void snippet(void)
{
	int fd = file_with("output", ""), input, ends[2];
	struct sigaction ignored = {.sa_handler = SIG_IGN};

	CALL(write(fd, "hello", 5));
	CALL(write(fd, "", 0));
	CALL(write(fd, NULL, 0));
	CALL(write(fd, ", world\n", 8));
	CALL(write(-1, "x", 1));
	CALL(write(unknown(4711), "x", 1));
	CALL(write(fd, nowhere(), 1));
	CALL(write(fd, nowhere(), 0));
	CALL(write(fd, "x", (size_t)unknown(-1)));
	note_file("output");
	lseek(fd, 1, SEEK_SET);
	CALL(write(fd, "E", 1));
	note_file("output");
	input = open("output", O_RDONLY);
	CALL(write(input, "x", 1));
	/* nobody reads; the signal stays ignored, for where it is blocked now it comes later */
	if (pipe(ends))
		note("no pipe\n");
	done_with(ends[0]);
	sigaction(SIGPIPE, &ignored, NULL);
	CALL(write(ends[1], "x", 1));
	done_with(ends[1]);
	done_with(input);
	done_with(fd);
}
