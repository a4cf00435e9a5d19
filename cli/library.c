/* Where libsysshim.so is. */
#include "command.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int try(char *found, const char *folder, const char *below)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof path, "%s/%slibsysshim.so", folder, below) < (int)sizeof path && access(path, R_OK) == 0 &&
	       realpath(path, found) != NULL;
}

const char *library_path(void)
{
	static char found[PATH_MAX];
	char self[PATH_MAX];
	const char *given = getenv("SYSSHIM_LIBRARY");
	ssize_t length;

	if (*found)
		return found;
	if (given && *given)
		return realpath(given, found);
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length <= 0)
		return NULL;
	self[length] = 0;
	const char *folder = dirname(self);
	return try(found, folder, "") || try(found, folder, "../lib/") || try(found, folder, "../lib/x86_64-linux-gnu/") ||
			       try(found, folder, "../lib64/") ?
		       found :
		       NULL;
}

int library_can_be_named(const char *library)
{
	return strpbrk(library, " :") == NULL;
}

void library_preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *all;

	if (!before || !*before) {
		setenv("LD_PRELOAD", library, 1);
	} else if (asprintf(&all, "%s:%s", library, before) > 0) {
		setenv("LD_PRELOAD", all, 1);
		free(all);
	}
}
