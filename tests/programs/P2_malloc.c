/* One source, compiled twice. -DLIBRARY: a malloc that makes system calls for every allocation, as jemalloc and tcmalloc do now and then, and
 * counts them; entered again from inside one of its own calls it ends the process, for a real one would wait for its own lock for ever.
 * Else the program: everything in libc that allocates and calls, in a thread and in children too.
 *
 * The totals of the allocations are printed: with the shim they are what they are without it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef LIBRARY

enum { SIZE = 64 << 20 };
static char *heap;
static size_t used;
static unsigned long allocations;
static _Thread_local int inside __attribute__((tls_model("initial-exec")));

static void some_calls(void)
{
	char byte;
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && (read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1))
		abort();
	close(fd);
}

void *malloc(size_t size)
{
	static const char reentered[] = "malloc was entered from inside its own system call\n";

	if (inside) {
		if (write(2, reentered, sizeof reentered - 1))
			_exit(98);
		_exit(98);
	}
	inside = 1;
	if (!heap)
		heap = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
	some_calls();
	size_t at = __atomic_fetch_add(&used, (size + 31) & ~15ul, __ATOMIC_RELAXED);
	if (at + size + 32 > SIZE)
		_exit(97);
	*(size_t *)(heap + at) = size;
	inside = 0;
	return heap + at + 16;
}

void free(void *at)
{
	if (at && !inside) {
		inside = 1;
		some_calls();
		inside = 0;
	}
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

unsigned long allocations_so_far(void)
{
	return allocations;
}

__attribute__((destructor)) static void total(void)
{
	char line[64];
	int length = snprintf(line, sizeof line, "allocations at the end: %lu\n", allocations);

	if (write(1, line, (size_t)length) != length)
		_exit(96);
}

#else

extern unsigned long allocations_so_far(void) __attribute__((weak));

static void say(const char *what)
{
	printf("%s: %lu allocations\n", what, allocations_so_far ? allocations_so_far() : 0);
	fflush(stdout);
}

static void *in_thread(void *unused)
{
	char buffer[64];
	FILE *f = fopen("/etc/passwd", "r");

	(void)unused;
	if (!f || !fgets(buffer, sizeof buffer, f))
		_exit(1);
	fclose(f);
	return strdup("from a thread");
}

static void errors(void)
{
	/* dlerror's text is allocated by the call that fails: a lookup of ours would leave one */
	printf("dlerror at first: %s\n", dlerror() ? "something" : "nothing");
	printf("dlsym: %s\n", dlsym(RTLD_DEFAULT, "no_such_symbol") ? "found?" : "not found");
	printf("dlerror: %s\n", dlerror() ? "something" : "nothing");
	say("errors");
}

int main(void)
{
	pthread_t thread;
	void *text;

	say("main begins");
	errors();
	setlocale(LC_ALL, "C.UTF-8");
	DIR *folder = opendir("/");
	while (readdir(folder))
		;
	closedir(folder);
	say("opendir");
	struct addrinfo *found = NULL, hint = {.ai_flags = AI_NUMERICHOST};
	getaddrinfo("127.0.0.1", "80", &hint, &found);
	freeaddrinfo(found);
	say("getaddrinfo");
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, &text);
	printf("%s\n", (char *)text);
	say("a thread");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		free(strdup("in the child"));
		exit(3);
	}
	int status;
	waitpid(child, &status, 0);
	printf("child: %#x\n", status);
	say("fork");
	printf("system: %#x\n", system("exit 4"));
	FILE *f = popen("echo popen", "r");
	char line[16];
	printf("%s", fgets(line, sizeof line, f) ? line : "nothing\n");
	printf("pclose: %#x\n", pclose(f));
	say("done");
	return 0;
}

#endif
