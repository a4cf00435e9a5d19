/* logs: openat */
/* logs through syscall: open */
#include "snippet.h"

static void snippet(void)
{
	struct stat status;

	umask(027);
	CALL(open("new", O_WRONLY | O_CREAT | O_EXCL, 0666));
	note("mode %o\n", stat("new", &status) ? 0 : (unsigned)status.st_mode);
	CALL(open("new", O_WRONLY | O_CREAT | O_EXCL, 0666));
	CALL(open("new", O_RDONLY));
	CALL(open("new", O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK));
	note("flags %#x, close-on-exec %d\n", (unsigned)fcntl(5, F_GETFL), fcntl(5, F_GETFD));
	CALL(open(".", O_RDONLY | O_DIRECTORY));
	CALL(open(".", O_RDWR));
	CALL(open("new", O_RDONLY | O_DIRECTORY));
	CALL(open("absent", O_RDONLY));
	CALL(open("new/below", O_RDONLY));
	CALL(open("", O_RDONLY));
	CALL(open(nowhere(), O_RDONLY));
	CALL(open(".", (int)unknown(O_TMPFILE | O_RDONLY), 0600));
	for (int fd = 3; fd < 7; fd++)
		done_with(fd);
}
