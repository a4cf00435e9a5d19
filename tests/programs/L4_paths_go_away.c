/* Paths whose memory is taken away while calls are made with them: another process truncates the file that they are mapped from, or a handler forbids
 * their page. The kernel answers EFAULT; whoever reads them beside it dies. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, AT = 64, SECONDS = 2 };

static char *page;
static volatile sig_atomic_t forbidden;

static void toggle(int number)
{
	(void)number;
	forbidden = !forbidden;
	mprotect(page, PAGE, forbidden ? PROT_NONE : PROT_READ | PROT_WRITE);
}

static void truncate_for_ever(int file, pid_t parent)
{
	while (getppid() == parent) {
		if (ftruncate(file, 0) < 0 || ftruncate(file, PAGE) < 0 || pwrite(file, "nonexistent/x", 14, AT) != 14)
			_exit(1);
		for (volatile int i = 0; i < 1000; i++)
			;
	}
	_exit(0);
}

/* One call of each kind; anything but the two answers is wrong. */
static int call(int kind, const char *path)
{
	static const char *const names[] = {"open", "stat", "readlink", "rename", "chmod", "access", "writev", "mask"};
	struct stat status;
	char target[64];
	long result = -1;

	errno = 0;
	switch (kind) {
	case 0:
		result = open(path, O_RDONLY);
		break;
	case 1:
		result = stat(path, &status);
		break;
	case 2:
		result = readlink(path, target, sizeof target);
		break;
	case 3:
		result = rename(path, "nonexistent/y");
		break;
	case 4:
		result = chmod(path, 0600);
		break;
	case 5:
		result = access(path, R_OK);
		break;
	case 6:
		result = syscall(SYS_writev, -1, path, 1L);
		break;
	case 7:
		result = syscall(SYS_rt_sigprocmask, 77, path, NULL, 8L);
		break;
	}
	if (result == -1 && (errno == EFAULT || errno == ENOENT || errno == EBADF || errno == EINVAL))
		return 1;
	printf("%s: %ld, errno %d\n", names[kind], result, errno);
	return 0;
}

static void calls(const char *path)
{
	time_t end = time(NULL) + SECONDS;
	int fine = 1;

	for (unsigned turn = 0; fine && (turn % 64 || time(NULL) < end); turn++)
		fine = call((int)(turn % 8), path);
}

int main(void)
{
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
	pid_t parent = getpid(), child;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (file < 0 || ftruncate(file, PAGE) < 0)
		return 1;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	child = fork();
	if (!child)
		truncate_for_ever(file, parent);
	calls(page + AT);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	puts("truncated");

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(page + AT, "nonexistent/x");
	signal(SIGALRM, toggle);
	setitimer(ITIMER_REAL, &often, NULL);
	calls(page + AT);
	setitimer(ITIMER_REAL, &never, NULL);
	puts("forbidden");
	unlink("mapped");
	return 0;
}
