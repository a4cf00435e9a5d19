/* One source, compiled twice. -DLIBRARY: a library with system calls of its own, in the form that may be rewritten. Else the program: threads make
 * calls of libc's and of a library's without end, and look at each result, while the first one brings what its arguments name by dlopen, and
 * takes it away again, many times. A site that is rewritten under a thread is executed half old and half new. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef LIBRARY
__attribute__((noinline)) long own_call(long number)
{
	long result;

	__asm__ volatile("syscall\n\tcmp $-4095, %%rax\n\tjae 1f\n1:" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}
#else
enum { THREADS = 4 };
static int stop, wrong;
static long (*own_call)(long);

static void *calls(void *unused)
{
	int ends[2];
	char byte;

	(void)unused;
	if (pipe(ends))
		exit(90);
	for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		char sent = (char)i;
		if (write(ends[1], &sent, 1) != 1 || read(ends[0], &byte, 1) != 1 || byte != sent || getppid() != (pid_t)syscall(SYS_getppid) ||
		    lseek(ends[0], 0, SEEK_CUR) != -1 || (own_call && own_call(SYS_getpid) != getpid()))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

/* Kilobytes of libc's text that are no longer the file's. */
static long changed_text(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/smaps", "r");
	long kilobytes = 0, all = 0;
	int is_text = 0;

	while (maps && fgets(line, sizeof line, maps)) {
		if (strstr(line, " r-xp ") || strstr(line, " r--p ") || strstr(line, " rw-p "))
			is_text = strstr(line, " r-xp ") && (strstr(line, "libc.so.6") || strstr(line, "/libc-2"));
		if (is_text && sscanf(line, "Anonymous: %ld kB", &kilobytes) == 1)
			all += kilobytes;
	}
	if (maps)
		fclose(maps);
	return all;
}

/* R11_threads_run STAYS|- TIMES LIBRARY...: STAYS is loaded before the threads start. */
int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	void *stays = strcmp(argv[1], "-") ? dlopen(argv[1], RTLD_NOW) : NULL;
	int loaded = 0;

	if (stays)
		own_call = (long (*)(long))dlsym(stays, "own_call");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, calls, NULL))
			return 90;
	for (int round = 0; round < atoi(argv[2]); round++) {
		for (int i = 3; i < argc; i++) {
			void *library = dlopen(argv[i], RTLD_NOW);
			long (*other)(long) = library ? (long (*)(long))dlsym(library, "own_call") : NULL;
			if (!library) {
				fprintf(stderr, "%s\n", dlerror());
				return 91;
			}
			loaded++;
			if (other && other(SYS_getpid) != getpid())
				wrong++;
			dlclose(library);
		}
		usleep(1000);
	}
	usleep(50000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d loaded, %d wrong\n", loaded, wrong);
	if (getenv("SHOW_TEXT"))
		printf("%ld kB of libc's text changed\n", changed_text());
	return argc > 2 ? 4 : 0;
}
#endif
