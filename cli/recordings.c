/* The state folder, where the shim makes recordings that nobody has named a place for (shim/record/recordings.c). */
#include "command.h"
#include "recording.h"
#include "../format/state.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

int recordings_folder(char *path, size_t size)
{
	struct text out = {path, path + size - 1, 0};
	int fits = state_path(&out, getenv("XDG_STATE_HOME"), getenv("HOME"), STATE_RECORDINGS);

	*out.at = 0;
	return fits;
}

static int is_ours(const struct dirent *entry)
{
	return state_recording_pid(entry->d_name);
}

char *recording_newest(void)
{
	char folder[PATH_MAX], *found = NULL;
	struct dirent **names;

	if (!recordings_folder(folder, sizeof folder))
		return NULL;
	int count = scandir(folder, &names, is_ours, alphasort);
	for (int i = count; i-- > 0; free(names[i]))
		if (i == count - 1 && asprintf(&found, "%s/%s", folder, names[i]->d_name) < 0)
			found = NULL;
	if (count >= 0)
		free(names);
	return found;
}
