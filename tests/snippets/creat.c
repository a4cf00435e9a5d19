/* logs: creat|openat */
/* logs through syscall: creat */
#include "snippet.h"

static void snippet(void)
{
	struct stat status;
	int fd = file_with("old", "gone");

	umask(022);
	CALL(creat("new", 0666));
	note("mode %o, flags %#x\n", stat("new", &status) ? 0 : (unsigned)status.st_mode, (unsigned)fcntl(fd + 1, F_GETFL));
	CALL(creat("old", 0600));
	note_file("old");
	CALL(creat(".", 0600));
	CALL(creat("absent/new", 0600));
	CALL(creat("", 0600));
	CALL(creat(nowhere(), 0600));
	for (int each = fd; each < fd + 3; each++)
		done_with(each);
}
