/* What differs between two runs: the end, what was told, the files. */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *ending(char *text, size_t size, const struct outcome *outcome)
{
	if (outcome->hangs)
		snprintf(text, size, "hangs");
	else if (WIFSIGNALED(outcome->status))
		snprintf(text, size, "signal %d", WTERMSIG(outcome->status));
	else
		snprintf(text, size, "status %d", WEXITSTATUS(outcome->status));
	return text;
}

/* The line in which two texts differ first. */
static int lines_differ(const struct outcome *native, const struct outcome *shimmed, char *text, size_t size)
{
	size_t i = 0, line = 0, both = native->said_size < shimmed->said_size ? native->said_size : shimmed->said_size;

	while (i < both && native->said[i] == shimmed->said[i])
		if (native->said[i++] == '\n')
			line = i;
	if (i == both && native->said_size == shimmed->said_size)
		return 0;
	const char *end[2] = {native->said + native->said_size, shimmed->said + shimmed->said_size}, *at[2] = {native->said + line, shimmed->said + line};
	int length[2];
	for (int n = 0; n < 2; n++) {
		const char *newline = at[n] < end[n] ? memchr(at[n], '\n', (size_t)(end[n] - at[n])) : NULL;
		length[n] = (int)((newline ? newline : end[n]) - at[n]);
	}
	snprintf(text, size, "natively it says \"%.*s\", with the shim \"%.*s\"", length[0], at[0], length[1], at[1]);
	return 1;
}

static int file_differs(const struct file *native, const struct file *shimmed, char *text, size_t size)
{
	size_t i = 0;

	if (native->size != shimmed->size || native->mode != shimmed->mode || native->links != shimmed->links) {
		snprintf(text, size, "file %s: natively %zu bytes, mode %o, %u names, with the shim %zu, %o, %u", native->name, native->size,
			 native->mode, native->links, shimmed->size, shimmed->mode, shimmed->links);
		return 1;
	}
	while (i < native->size && native->bytes[i] == shimmed->bytes[i])
		i++;
	if (i < native->size)
		snprintf(text, size, "file %s: byte %zu of %zu is natively %#x, with the shim %#x", native->name, i, native->size,
			 native->bytes[i] & 255, shimmed->bytes[i] & 255);
	return i < native->size;
}

int outcomes_differ(const struct outcome *native, const struct outcome *shimmed, char *text, size_t size)
{
	char ends[2][32];

	if (native->said_size != shimmed->said_size || (native->said_size && memcmp(native->said, shimmed->said, native->said_size) != 0))
		return lines_differ(native, shimmed, text, size);
	for (int i = 0; i < native->count || i < shimmed->count; i++) {
		if (i >= native->count || i >= shimmed->count || strcmp(native->files[i].name, shimmed->files[i].name) != 0) {
			snprintf(text, size, "natively there is file %s, with the shim %s", i < native->count ? native->files[i].name : "none",
				 i < shimmed->count ? shimmed->files[i].name : "none");
			return 1;
		}
		if (file_differs(&native->files[i], &shimmed->files[i], text, size))
			return 1;
	}
	if (native->status != shimmed->status || native->hangs != shimmed->hangs) {
		snprintf(text, size, "natively it ends with %s, with the shim %s", ending(ends[0], sizeof ends[0], native), ending(ends[1], sizeof ends[1], shimmed));
		return 1;
	}
	return 0;
}
