/* One source, compiled twice. -DLIBRARY: a library that makes calls, to be brought by dlopen or into another namespace by dlmopen. Else the
 * program: its arguments name what it loads, and it does the same work before, while it is loaded, and after it has closed it again.
 *
 *   work              nothing is loaded
 *   open FILE         dlopen of FILE
 *   global FILE       the same, for all to bind to
 *   namespace FILE    dlmopen of FILE, with a libc of its own
 *   after FILE LIBRARY...  the same namespace gets LIBRARY too, behind FILE */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int work(const char *who)
{
	char buffer[64], line[64];
	int wrong = 0, fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 60; i++)
		wrong += write(fd, "0123456789", 10) != 10;
	wrong += pread(fd, buffer, 20, 595) != 5 || lseek(fd, 0, SEEK_END) != 600 || close(fd) != 0;
	errno = 0;
	wrong += close(fd) != -1 || errno != EBADF;
	int length = snprintf(line, sizeof line, "%s: %d wrong\n", who, wrong);
	wrong += write(1, line, (size_t)length) != length;
	return wrong;
}

#ifdef LIBRARY

int library_work(void)
{
	return work("library");
}

__attribute__((constructor)) static void constructor(void)
{
	work("library's constructor");
}

__attribute__((destructor)) static void destructor(void)
{
	work("library's destructor");
}

#else

static int child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(work("child"));
	waitpid(pid, &status, 0);
	return status;
}

static void use(void *handle)
{
	int (*function)(void) = (int (*)(void))dlsym(handle, "library_work");

	if (function)
		function();
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	void *handle = NULL, *second = NULL;
	Lmid_t space = LM_ID_NEWLM;

	/* a failed look-up of somebody else's would stand there */
	printf("dlerror at first: %s\n", dlerror() ? "something" : "nothing");
	fflush(stdout);
	work("before");
	if (argc > 2 && strcmp(way, "open") == 0)
		handle = dlopen(argv[2], RTLD_LAZY);
	else if (argc > 2 && strcmp(way, "global") == 0)
		handle = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
	else if (argc > 2)
		handle = dlmopen(space, argv[2], RTLD_NOW);
	if (argc > 2 && !handle) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	if (argc > 3) {
		dlinfo(handle, RTLD_DI_LMID, &space);
		second = dlmopen(space, argv[3], RTLD_NOW);
		if (!second)
			fprintf(stderr, "%s\n", dlerror());
	}
	work("with it");
	if (handle)
		use(handle);
	if (second)
		use(second);
	printf("child: %#x\n", child());
	fflush(stdout);
	printf("system: %#x\n", system("echo from a shell"));
	fflush(stdout);
	if (second)
		dlclose(second);
	if (handle)
		printf("dlclose: %d\n", dlclose(handle));
	fflush(stdout);
	work("after it");
	puts("done");
	return 4;
}

#endif
