/* A page that was given to a pipe (vmsplice) is shown by it as it is when somebody looks, and tee looks without taking it away: so stores into it are seen without a call. A writer tells
 * there how many bytes its file has. */
#include "burst.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { BYTES = 1000 };

/* How often the file has less than was told. */
static void look_on(int pipe_end, int file)
{
	struct stat status;
	int own[2], told = 0, less = 0;

	if (pipe(own))
		die("pipe");
	while (told < BYTES) {
		if (tee(pipe_end, own[1], sizeof told, 0) != sizeof told || read(own[0], &told, sizeof told) != sizeof told)
			die("tee");
		fstat(file, &status);
		less += status.st_size < told;
	}
	printf("it had less than was told: %s\n", less ? "yes" : "never");
	fflush(stdout);
	_exit(0);
}

static void told(const void *unused)
{
	int ends[2], fd = create("out"), status;
	volatile int *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec part = {(void *)page, sizeof *page};

	(void)unused;
	*page = 0;
	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		look_on(ends[0], fd);
	/* what the fork has left in common is none of the page */
	*page = 0;
	if (vmsplice(ends[1], &part, 1, 0) != sizeof *page)
		die("vmsplice");
	for (int i = 1; i <= BYTES; i++) {
		if (write(fd, "x", 1) != 1)
			die("write");
		*page = i;
		spin(20000);
	}
	waitpid(child, &status, 0);
	printf("status %#x\n", status);
	close(fd), close(ends[0]), close(ends[1]);
}

int main(void)
{
	in_both(told, NULL);
	return 0;
}
