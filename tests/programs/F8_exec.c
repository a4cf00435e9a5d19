/* exec in the middle of bursts of small writes. Where it fails, for every reason and in every way, the program goes on as before: its
 * burst is whole, its signals and descriptors are what they were. Where it succeeds, all that was written is there before the new image
 * looks, also what went to descriptors that the exec closes; the new image goes on with the burst. Bytes that wait in memory do not
 * survive an exec; a shim that has let go before an exec and does not come back shows at the next burst's end. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { KEPT = 8, CLOSED = 9 }; /* the second one is closed by a successful exec */

static const char *who;
static off_t expected[10]; /* how long the files behind the two descriptors are */

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
		expected[fd] += length;
	}
}

static long inline_call(long number, long a, long b, long c, long d, long e)
{
	register long fourth __asm__("r10") = d, fifth __asm__("r8") = e;
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth) : "rcx", "r11", "memory");
	return number;
}

static int by_execv(const char *path, char **arguments)
{
	return execv(path, arguments);
}

static int by_execvpe(const char *path, char **arguments)
{
	return execvpe(path, arguments, environ);
}

static int by_syscall(const char *path, char **arguments)
{
	return syscall(SYS_execve, path, arguments, environ);
}

static int by_execveat(const char *path, char **arguments)
{
	return syscall(SYS_execveat, AT_FDCWD, path, arguments, environ, 0);
}

static int by_inline(const char *path, char **arguments)
{
	errno = -inline_call(SYS_execve, (long)path, (long)arguments, (long)environ, 0, 0);
	return -1;
}

static int by_fexecve(const char *path, char **arguments)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	burst(KEPT, "between", 200);
	result = fexecve(fd, arguments, environ);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static const struct way {
	const char *name;
	int (*exec)(const char *, char **);
} ways[] = {
	{"execv", by_execv}, {"execvpe", by_execvpe}, {"syscall", by_syscall}, {"execveat", by_execveat}, {"inline", by_inline},
	{"fexecve", by_fexecve},
};
#define WAYS ((int)(sizeof ways / sizeof *ways))

/* Both files as long as they must be, and nothing of the process's own is other than at its beginning. */
static void look(const char *what)
{
	struct sigaction action;
	struct stat now;
	stack_t stack;
	sigset_t mask;
	int handled = 0, masked = 0;

	for (int fd = KEPT; fd <= CLOSED; fd++)
		if (fstat(fd, &now) || now.st_size != expected[fd])
			printf("%s: %s: descriptor %d: %ld bytes, not %ld\n", who, what, fd, (long)now.st_size, (long)expected[fd]);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i <= 64; i++) {
		masked += sigismember(&mask, i) == 1;
		handled += i != SIGUSR1 && sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
	}
	sigaltstack(NULL, &stack);
	if (handled || masked || stack.ss_flags != SS_DISABLE || fcntl(CLOSED, F_GETFD) != FD_CLOEXEC)
		printf("%s: %s: %d signals handled, %d masked, alternate stack %#x\n", who, what, handled, masked, stack.ss_flags);
}

static void ignore(int number)
{
	burst(KEPT, "handler", 40);
	(void)number;
}

/* Executables that are none, one for each errno. */
static void prepare(void)
{
	int fd;

	close(open("not-executable", O_WRONLY | O_CREAT, 0644));
	fd = open("garbage", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	dprintf(fd, "\001\002\003 nothing that could be executed\n");
	close(fd);
	fd = open("no-interpreter", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	dprintf(fd, "#!/nonexistent/interpreter\n");
	close(fd);
	if (symlink("loop", "loop") && errno != EEXIST)
		exit(90);
}

static void fails(void)
{
	static char huge[200000], name[300];
	static const char *const paths[] = {
		"/nonexistent/program", "./not-executable", "/etc", "not-executable/x", "./garbage", "./no-interpreter", "./loop/x", name,
		"/proc/self/exe", "",
	};
	char *plain[] = {"x", "y", NULL}, *too_long[] = {"x", huge, NULL};

	memset(huge, 'h', sizeof huge - 1);
	memset(name, 'n', sizeof name - 1);
	prepare();
	for (int w = 0; w < WAYS; w++)
		for (unsigned p = 0; p < sizeof paths / sizeof *paths; p++) {
			int is_huge = strcmp(paths[p], "/proc/self/exe") == 0, error;
			if (ways[w].exec == by_execvpe && strcmp(paths[p], "./garbage") == 0)
				continue; /* it would be given to a shell */
			if (ways[w].exec == by_execvpe && paths[p] == name)
				continue; /* looked for in PATH, whatever that is here */
			burst(p % 2 ? CLOSED : KEPT, "before", 40 + p * 10 + w * 40);
			if (p % 4 == 3)
				burst(CLOSED, "other", 50);
			ways[w].exec(paths[p], is_huge ? too_long : plain);
			error = errno;
			burst(p % 3 ? CLOSED : KEPT, "failed", 100);
			look(paths[p]);
			burst(CLOSED, "looked", 40);
			raise(SIGUSR1); /* the handler is still there */
			printf("%s: %s of %.20s: %s\n", who, ways[w].name, paths[p], strerror(error));
		}
	burst(KEPT, "before", 400);
	syscall(SYS_execve, 1L, plain, environ);
	printf("%s: bad pointer: %s\n", who, strerror(errno));
	burst(KEPT, "failed", 400);
	setenv("PATH", "/no/where:/no/where/else:.:/nonexistent", 1);
	burst(KEPT, "before", 400);
	execvp("no-such-program", plain);
	printf("%s: not in PATH: %s\n", who, strerror(errno));
	burst(KEPT, "failed", 400);
	fflush(stdout);
}

/* A script that is written by the burst itself, and executed while it is still open, and after. */
static void script(void)
{
	char *arguments[] = {"./script", NULL};
	int fd = open("script", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), status;

	dprintf(fd, "#!/bin/sh\n");
	for (int i = 0; i < 400; i++)
		dprintf(fd, "echo %d >&%d\n", i, KEPT);
	dprintf(fd, "exit 8\n");
	pid_t pid = vfork();
	if (pid == 0) {
		execv("./script", arguments);
		_exit(errno == ETXTBSY ? 1 : 2); /* depends on the kernel */
	}
	if (waitpid(pid, &status, 0) == pid)
		printf("%s: script, still open: status %#x\n", who, status);
	close(fd);
	burst(KEPT, "before-script", 300);
	pid = vfork();
	if (pid == 0) {
		burst(KEPT, "in-vfork", 100);
		execv("./missing", arguments);
		burst(KEPT, "in-vfork-again", 100);
		execv("./script", arguments);
		_exit(3);
	}
	if (waitpid(pid, &status, 0) == pid)
		printf("%s: script: status %#x\n", who, status);
	expected[KEPT] = lseek(KEPT, 0, SEEK_CUR);
	burst(KEPT, "after-script", 300);
	fflush(stdout);
}

static void open_files(int flags)
{
	char path[64];
	int fd;

	if (fcntl(KEPT, F_GETFD) < 0) {
		snprintf(path, sizeof path, "%s.kept", who);
		fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
		if (fd < 0 || dup2(fd, KEPT) != KEPT || close(fd))
			_exit(90);
	}
	snprintf(path, sizeof path, "%s.closed", who);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | flags, 0644);
	if (fd < 0 || dup3(fd, CLOSED, O_CLOEXEC) != CLOSED || close(fd))
		_exit(90);
}

static off_t length_of(const char *name, int count)
{
	char text[128];
	off_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += line(text, name, i);
	return sum;
}

/* What the next image is told: who we are, its stage, how long both files will be by then. */
static char *next[6], words[3][32];

static void tell(int stage, off_t kept, off_t closed)
{
	sprintf(words[0], "%d", stage);
	sprintf(words[1], "%ld", (long)kept);
	sprintf(words[2], "%ld", (long)closed);
	next[0] = "F8";
	next[1] = (char *)who;
	for (int i = 0; i < 3; i++)
		next[i + 2] = words[i];
}

static void *from_thread(void *unused)
{
	(void)unused;
	burst(CLOSED, "thread", 200);
	tell(WAYS + 2, expected[KEPT] + length_of("thread", 333), expected[CLOSED]);
	burst(KEPT, "thread", 333);
	execv("/proc/self/exe", next);
	_exit(99);
}

/* The next image, by another way each time; the last two from a child of vfork, and from a second thread. No call stands between the last
 * burst and the exec, so that what the next one is told is reckoned beforehand. */
static void go_on(int stage)
{
	int count = 77 + stage * 100, last = stage % 2 ? CLOSED : KEPT, status = -1;
	pthread_t thread;

	fflush(stdout);
	if (stage == WAYS + 1) {
		burst(KEPT, "main", 500);
		pthread_create(&thread, NULL, from_thread, NULL);
		pthread_join(thread, NULL);
	}
	burst(last == KEPT ? CLOSED : KEPT, "end", count);
	tell(stage + 1, expected[KEPT], expected[CLOSED]);
	sprintf(words[last - KEPT + 1], "%ld", (long)(expected[last] + length_of("last", count)));
	if (stage < WAYS && ways[stage].exec == by_fexecve) /* has a burst of its own */
		sprintf(words[1], "%ld", atol(words[1]) + (long)length_of("between", 200));
	burst(last, "last", count);
	if (stage < WAYS)
		ways[stage].exec("/proc/self/exe", next);
	else if (vfork() == 0)
		execv("/proc/self/exe", next);
	wait(&status);
	printf("%s: child of vfork: status %#x\n", who, status);
}

static void image(int stage, char **argv)
{
	struct stat now;
	char path[64];

	if (fcntl(CLOSED, F_GETFD) != -1 || errno != EBADF)
		printf("%s: stage %d: the descriptor is not closed\n", who, stage);
	expected[KEPT] = atol(argv[3]);
	expected[CLOSED] = atol(argv[4]);
	snprintf(path, sizeof path, "%s.closed", who);
	int right = fstat(KEPT, &now) == 0 && now.st_size == expected[KEPT];
	int right_closed = stat(path, &now) == 0 && now.st_size == expected[CLOSED];
	printf("%s: stage %d: lengths right: %d %d\n", who, stage, right, right_closed);
	open_files(0);
	burst(KEPT, "image", 400);
	burst(CLOSED, "image", 400);
	look("image");
}

static void begin(const char *name)
{
	who = name;
	open_files(O_TRUNC);
	signal(SIGUSR1, ignore);
	fails();
	look("fails");
	script();
	look("script");
	signal(SIGUSR1, SIG_DFL);
	go_on(0);
	_exit(98);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc == 5) {
		who = argv[1];
		int stage = atoi(argv[2]);
		image(stage, argv);
		if (stage == WAYS + 2) {
			printf("%s: the last image\n", who);
			return 5;
		}
		go_on(stage);
		puts("done");
		return 6;
	}
	pid = fork();
	if (pid == 0)
		begin("forked");
	waitpid(pid, &status, 0);
	printf("forked: status %#x\n", status);
	begin("first");
}
