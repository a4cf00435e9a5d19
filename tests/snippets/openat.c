/* logs: openat */
#include "snippet.h"

static void snippet(void)
{
	int folder, file;

	mkdir("folder", 0755);
	folder = open("folder", O_RDONLY | O_DIRECTORY);
	file = file_with("file", "content");
	CALL(openat(folder, "new", O_WRONLY | O_CREAT, 0640));
	CALL(openat(AT_FDCWD, "folder/new", O_RDONLY));
	CALL(openat(folder, "absent", O_RDONLY));
	CALL(openat(folder, "../file", O_RDONLY));
	CALL(openat(folder, "/dev/null", O_RDWR));
	CALL(openat(-1, "/dev/null", O_RDWR));
	CALL(openat(-1, "file", O_RDONLY));
	CALL(openat(file, "file", O_RDONLY));
	CALL(openat(file, "", O_RDONLY));
	CALL(openat(folder, nowhere(), O_RDONLY));
	CALL(openat(folder, ".", (int)unknown(O_TMPFILE | O_RDONLY), 0600));
	for (int fd = folder; fd < folder + 7; fd++)
		done_with(fd);
}
