/* Names hostile paths in calls of several shapes. strace and our log say the same about each. Every call of interest has a path that
 * holds "L4" (or is a bad pointer in a stat), so that the driver finds it among those of libc. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const paths[] = {
	"L4 plain",       "L4\nnewline",      "L4\033[31mescape",  "L4\"double\"quotes", "L4'single'",   "L4\\backslash\\",
	"L4\ttab",        "L4\r\v\f\b\a",     "L4\x01\x02\x1f",    "L4\x7f",             "L4\x80\xff",   "L4 caf\xc3\xa9",
	"L4\xc3(broken",  "L4 \xe2\x82\xac",  "L4\0017digit",      "L4\00199",           "L4\x03" "8",   "L4%s%n%d",
	"L4\xf0\x9f\x98\x80", "L4\xed\xa0\x80", "L4*?[a]{b}",      "L4 -> <unfinished ...>", "L4) = 0",  "L4\x1b" "7x",
};

static void use(const char *path)
{
	char buffer[16], other[64];
	struct stat status;

	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0)
		close(fd);
	stat(path, &status);
	access(path, R_OK | W_OK);
	snprintf(other, sizeof other, "L4 other");
	rename(path, other);
	symlink(path, "L4 link");
	if (readlink("L4 link", buffer, 4) < 0)
		perror("readlink");
	unlink("L4 link");
	unlink(other);
	mkdir(path, 0700);
	rmdir(path);
	truncate(path, 0);
}

/* a path of that length, in a page's last bytes, before a page that cannot be read */
static void at_the_end(size_t length, int terminated)
{
	size_t page = 4096, size = (length / page + 2) * page;
	char *low = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *path = low + size - length - terminated;

	mprotect(low + size, page, PROT_NONE);
	memset(path, 'x', length);
	memcpy(path, "L4\n", length < 3 ? length : 3);
	if (terminated)
		path[length] = 0;
	close(open(path, O_RDONLY));
	rmdir(path);
	munmap(low, size + page);
}

int main(void)
{
	char deep[5000];

	for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++)
		use(paths[i]);
	for (int i = 0; i < (int)sizeof deep; i++)
		deep[i] = i % 2 ? '/' : '.';
	memcpy(deep, "./L4", 4);
	static const size_t lengths[] = {4094, 4095, 4096, 4999};
	for (int i = 0; i < 4; i++) {
		char saved = deep[lengths[i]];
		deep[lengths[i]] = 0;
		close(open(deep, O_RDONLY));
		rmdir(deep);
		deep[lengths[i]] = saved;
	}
	char escapes[4096];
	memset(escapes, '\033', 4095);
	memcpy(escapes, "L4", 2);
	escapes[4095] = 0;
	close(open(escapes, O_RDONLY));
	at_the_end(10, 1);
	at_the_end(4095, 1);
	puts("done");
	return 0;
}
