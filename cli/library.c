/* Where libsysshim.so and sysshim-tracer are. */
#include "command.h"
#include "../format/machine.h"
#include "../format/text.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int try(char *found, const char *folder, const char *below)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof path, "%s/%s", folder, below) < (int)sizeof path && access(path, R_OK) == 0 && realpath(path, found) != NULL;
}

/* The folder that the command is in, in `self`; or NULL. Without /proc the name by which it was executed says it. */
static const char *own_folder(char self[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);
	const char *executed = (const char *)getauxval(AT_EXECFN);

	self[length > 0 ? length : 0] = 0;
	return *self || (executed && realpath(executed, self)) ? dirname(self) : NULL;
}

const char *library_path(void)
{
	static char found[PATH_MAX];
	char self[PATH_MAX];
	const char *given = getenv("SYSSHIM_LIBRARY");

	if (*found)
		return found;
	if (given && *given)
		return realpath(given, found);
	const char *folder = own_folder(self);
	return folder && (try(found, folder, "libsysshim.so") || try(found, folder, "../lib/libsysshim.so") ||
			  try(found, folder, "../lib/" MACHINE_FOLDER "/libsysshim.so") || try(found, folder, "../lib64/libsysshim.so")) ?
		       found :
		       NULL;
}

const char *tracer_path(void)
{
	static char found[PATH_MAX];
	char self[PATH_MAX];
	const char *folder = own_folder(self);

	return folder && (try(found, folder, "sysshim-tracer") || try(found, folder, "../libexec/sysshim-tracer")) ? found : NULL;
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
		return;
	}
	/* Behind a sanitizer's runtime (exec_environment.c). */
	int is_last = text_names_asan(before, strlen(before));
	if (asprintf(&all, "%s:%s", is_last ? before : library, is_last ? library : before) > 0) {
		setenv("LD_PRELOAD", all, 1);
		free(all);
	}
}
