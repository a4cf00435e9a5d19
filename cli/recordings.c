/* The state folder, where the shim makes recordings that nobody has named a place for (shim/record/recordings.c). */
#include "command.h"
#include "recording.h"
#include "../format/state.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

int recordings_folder(char *path, size_t size)
{
	struct text out = {path, path + size - 1, 0};
	int fits = state_path(&out, getenv("XDG_STATE_HOME"), getenv("HOME"), STATE_RECORDINGS);

	*out.at = 0;
	return fits;
}

/* Where the shim is in this process too (/etc/ld.so.preload, LD_PRELOAD in the shell's environment), the newest would be that of who asks. */
static int is_wanted(const struct dirent *entry)
{
	int pid = state_recording_pid(entry->d_name);

	return pid && (pid != getpid() || !dlsym(RTLD_DEFAULT, "sysshim_version"));
}

char *recording_newest(int before)
{
	char folder[PATH_MAX], *found = NULL;
	struct dirent **names;

	if (!recordings_folder(folder, sizeof folder))
		return NULL;
	int count = scandir(folder, &names, is_wanted, alphasort);
	for (int i = count; i-- > 0; free(names[i]))
		if (i == count - 1 - before && asprintf(&found, "%s/%s", folder, names[i]->d_name) < 0)
			found = NULL;
	if (count >= 0)
		free(names);
	return found;
}
