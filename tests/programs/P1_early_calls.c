/* One source, compiled in three ways.
 *
 * -DFIRST: a library that is linked with -z initfirst. Preloaded behind the shim it takes the first place from it, so its constructor runs
 * before the shim's and before libc's own. -DEARLY: a library whose ifunc resolver runs while it is relocated, which is before the shim
 * in front of it is relocated itself, whose constructor makes calls, and whose malloc opens its configuration at its first use, whoever that
 * is. Else the program: a resolver, a preinit function, a constructor, main.
 *
 * Every line on stdout is one write(2), and tells which stage made it. Before the shim's constructor there is nothing to forward to but the
 * kernel: who calls dlsym there recurses through malloc, and who loads a pointer jumps to 0. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No stdio, no malloc: this must work in a resolver. */
static void say(const char *stage, const char *what)
{
	char line[64];
	size_t length = 0;

	for (const char *c = stage; *c; c++)
		line[length++] = *c;
	for (const char *c = what; *c; c++)
		line[length++] = *c;
	line[length++] = '\n';
	if (write(1, line, length) != (ssize_t)length)
		_exit(99);
}

static void calls(const char *stage)
{
	char text[8] = "";
	int fd = open("config", O_RDONLY);

	if (fd < 0 || read(fd, text, 6) != 6 || pread(fd, text, 6, 0) != 6 || lseek(fd, 0, SEEK_CUR) != 6 || close(fd) != 0)
		say(stage, "a call went wrong");
	else
		say(stage, text);
	say(stage, open("missing", O_RDONLY) < 0 ? "missing" : "found?");
}

#if defined FIRST

__attribute__((constructor)) static void first(void)
{
	calls("initfirst: ");
}

#elif defined EARLY

static int seven(void)
{
	return 7;
}

/* `write` in here is bound to the shim's name, whose object has not been relocated yet. */
static int (*resolve(void))(void)
{
	say("library's resolver: ", "here");
	return seven;
}

static int chosen(void) __attribute__((ifunc("resolve")));

__attribute__((constructor)) static void early(void)
{
	calls("library's constructor: ");
	if (chosen() != 7)
		say("library: ", "the wrong function was chosen");
}

static char heap[1 << 22] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t size)
{
	static int configured;

	if (!configured) {
		configured = 1;
		int fd = open("config", O_RDONLY);
		char text[8] = "";
		if (fd < 0 || read(fd, text, 6) != 6 || close(fd) != 0)
			abort();
	}
	size_t at = __atomic_fetch_add(&used, (size + 31) & ~15ul, __ATOMIC_RELAXED);
	if (at + size + 16 > sizeof heap)
		abort();
	*(size_t *)(heap + at) = size;
	return heap + at + 16;
}

void free(void *at)
{
	(void)at;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* never given twice, so it is zero */
}

void *realloc(void *old, size_t size)
{
	char *at = malloc(size);

	if (old) {
		size_t before = ((size_t *)old)[-2];
		memcpy(at, old, before < size ? before : size);
	}
	return at;
}

#else

static int eight(void)
{
	return 8;
}

static int (*resolve(void))(void)
{
	say("program's resolver: ", "here");
	return eight;
}

int chosen(void) __attribute__((ifunc("resolve")));

static void before_all(void)
{
	calls("preinit: ");
}
__attribute__((section(".preinit_array"), used)) static void (*entry)(void) = before_all;

__attribute__((constructor(101))) static void constructor(void)
{
	calls("constructor: ");
}

int main(void)
{
	char *text = strdup("allocated");

	calls("main: ");
	errno = 0;
	if (open("missing", O_RDONLY) >= 0 || errno != ENOENT)
		say("main: ", "errno is wrong");
	if (chosen() != 8)
		say("main: ", "the wrong function was chosen");
	say("main: ", text);
	say("main: ", "done");
	free(text);
	return 0;
}

#endif
