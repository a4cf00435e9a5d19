/* The state folder, where the shim makes recordings that nobody has named a place for (shim/record/recordings.c). */
#include "command.h"
#include "recording.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int recordings_folder(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	/* The XDG base directory specification: a relative path is to be ignored. */
	if (state && *state == '/')
		return snprintf(path, size, "%s/sysshim/recordings", state) < (int)size;
	return home && *home == '/' && snprintf(path, size, "%s/.local/state/sysshim/recordings", home) < (int)size;
}

/* As the shim makes them: 20261125T091500.123456-PID. */
static int is_ours(const struct dirent *entry)
{
	const char *name = entry->d_name;

	for (const char *like = "00000000T000000.000000-"; *like; like++, name++)
		if (*like == '0' ? *name < '0' || *name > '9' : *name != *like)
			return 0;
	return *name && !name[strspn(name, "0123456789")];
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
