/* logs: openat */
/* cc: -O2 -D_FORTIFY_SOURCE=2 */
/* flavours: plain */
/* The fortified names, which libc's header calls when the flags are not known at compile time and no mode is given. */
#include "snippet.h"

extern int __open_2(const char *, int);
extern int __open64_2(const char *, int);
extern int __openat_2(int, const char *, int);
extern int __openat64_2(int, const char *, int);

static void snippet(void)
{
	int fd = file_with("file", "content");

	CALL(__open_2("file", O_RDONLY));
	CALL(__open64_2("file", O_RDONLY | O_CLOEXEC));
	CALL(__openat_2(AT_FDCWD, "file", O_RDONLY));
	CALL(__openat64_2(AT_FDCWD, "file", O_RDWR));
	CALL(open("file", (int)unknown(O_RDWR | O_APPEND)));
	CALL(openat(AT_FDCWD, "file", (int)unknown(O_RDWR | O_TRUNC)));
	CALL(__open_2("absent", O_RDONLY));
	CALL(__open_2(nowhere(), O_RDONLY));
	CALL(__open_2("", O_RDONLY));
	CALL(__openat_2(-1, "file", O_RDONLY));
	CALL(__openat64_2(-1, "file", O_RDONLY));
	note_file("file");
	for (int each = fd; each < fd + 7; each++)
		done_with(each);
}
