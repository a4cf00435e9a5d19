/* logs: openat2 */
#include "snippet.h"

static void snippet(void)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT, .mode = 0640}, bad = {.flags = O_RDONLY, .mode = 0640};
	struct open_how beneath = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH}, plain = {.flags = O_RDONLY};
	struct stat status;

	CALL(openat2(AT_FDCWD, "new", &how, sizeof how));
	note("mode %o\n", stat("new", &status) ? 0 : (unsigned)status.st_mode);
	CALL(openat2(AT_FDCWD, "new", &plain, sizeof plain));
	CALL(openat2(AT_FDCWD, "/dev/null", &beneath, sizeof beneath));
	CALL(openat2(AT_FDCWD, "new", &bad, sizeof bad));
	CALL(openat2(AT_FDCWD, "new", &plain, unknown(3)));
	CALL(openat2(AT_FDCWD, "new", nowhere(), sizeof plain));
	CALL(openat2(AT_FDCWD, nowhere(), &plain, sizeof plain));
	CALL(openat2(AT_FDCWD, "absent", &plain, sizeof plain));
	CALL(openat2(-1, "new", &plain, sizeof plain));
	done_with(3);
	done_with(4);
}
