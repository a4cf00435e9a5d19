/* The state folder: where recordings are made, and the oldest taken away. */
#include "command.h"
#include "recording.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int recordings_folder(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	/* The XDG base directory specification: a relative path is to be ignored. */
	if (state && *state == '/')
		return snprintf(path, size, "%s/sysshim/recordings", state) < (int)size;
	return home && *home == '/' && snprintf(path, size, "%s/.local/state/sysshim/recordings", home) < (int)size;
}

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = 0;
		int made = mkdir(path, 0700) == 0 || errno == EEXIST;
		if (slash)
			*slash = '/';
		if (!made || !slash)
			return made;
	}
}

/* Names are 20261125T091500-PID. */
static int is_ours(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return strlen(name) > 16 && strspn(name, "0123456789") == 8 && name[8] == 'T' && strspn(name + 9, "0123456789") == 6 && name[15] == '-' &&
	       strspn(name + 16, "0123456789") == strlen(name + 16);
}

static void take_away(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int pid = atoi(name + 16);
	DIR *at;

	if ((kill(pid, 0) == 0 || errno == EPERM) || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || !(at = opendir(path)))
		return;
	for (struct dirent *entry; (entry = readdir(at));)
		if (is_record_name(entry) || !strcmp(entry->d_name, "total"))
			unlinkat(dirfd(at), entry->d_name, 0);
	closedir(at);
	/* What is not ours keeps the folder. */
	rmdir(path);
}

static void keep_newest(const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, is_ours, alphasort);

	for (int i = 0; i < count; free(names[i++]))
		if (i < count - RECORDINGS_KEPT)
			take_away(folder, names[i]->d_name);
	if (count >= 0)
		free(names);
}

const char *recording_make(char *path, size_t size)
{
	char folder[PATH_MAX], date[32];
	time_t now = time(NULL);
	struct tm when;

	if (!recordings_folder(folder, sizeof folder)) {
		fprintf(stderr, "sysshim run: neither XDG_STATE_HOME nor HOME names a folder, so nothing is recorded; --record=DIR would do\n");
		return NULL;
	}
	gmtime_r(&now, &when);
	strftime(date, sizeof date, "%Y%m%dT%H%M%S", &when);
	if (snprintf(path, size, "%s/%s-%d", folder, date, (int)getpid()) >= (int)size) {
		fprintf(stderr, "sysshim run: %s: the path is too long, so nothing is recorded; --record=DIR would do\n", folder);
		return NULL;
	}
	if (!make_folders(folder) || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
		fprintf(stderr, "sysshim run: %s: %s; nothing is recorded; --record=DIR would do\n", folder, strerror(errno));
		return NULL;
	}
	keep_newest(folder);
	return path;
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
