/* Children of every make. Each is waited for at once, so that what parent and child do has one order. */
#include "world.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>

extern char **environ;

enum { CHILD_STACK = 256 << 10 };

void child_begins(void)
{
	world.depth++;
	/* What the parent has said and not told is the parent's. */
	world.said_size = world.told = world.hash = 0;
	objects_inherit();
}

void child_waited(int pid, const char *what)
{
	int status = 0;

	if (pid < 0) {
		say("%s = %d", what, -errno);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	say("%s: child ends with %#x", what, (unsigned)status);
	objects_ask();
}

static int body_from, body_to;

static int body(void *unused)
{
	(void)unused;
	child_begins();
	perform(body_from, body_to);
	_exit(ending_status());
}

void perform_fork(const int32_t *a)
{
	static const char *const names[] = {"fork", "clone by syscall()", "clone by an instruction", "clone with CLONE_VFORK", "clone3", "clone on a stack"};
	struct clone_args third = {.exit_signal = SIGCHLD};
	unsigned how = (unsigned)a[0] % 9;
	long pid;

	/* The plain one is the frequent one. */
	how = how > 5 ? 0 : how;
	/* NB: the buffer of stdio is the parent's too, and both would write it at their ends: as natively. */
	body_from = a[1];
	body_to = a[2];
	switch (how) {
	case 1:
		pid = CALL(BY_SYSCALL, SYS_clone, SIGCHLD);
		break;
	case 2:
		pid = CALL(BY_INSTRUCTION, SYS_clone, SIGCHLD);
		break;
	case 3:
		pid = CALL(BY_SYSCALL, SYS_clone, SIGCHLD | CLONE_VFORK);
		break;
	case 4:
		pid = CALL(BY_SYSCALL, SYS_clone3, (long)&third, sizeof third);
		break;
	case 5: {
		char *stack = malloc(CHILD_STACK);
		pid = clone(body, stack + CHILD_STACK, SIGCHLD, NULL);
		pid = pid < 0 ? -errno : pid;
		break;
	}
	default:
		pid = fork();
		pid = pid < 0 ? -errno : pid;
	}
	if (pid == 0)
		body(NULL);
	errno = pid < 0 ? (int)-pid : 0;
	child_waited((int)pid, names[how]);
}

static const char *number_text(char *text, long value)
{
	sprintf(text, "%ld", value);
	return text;
}

/* A vfork child borrows everything but the descriptors: it writes, closes, and goes. */
void perform_vfork(const int32_t *a)
{
	static char fd_text[16], count_text[16];
	int fd = slot_number(a[0]);
	const char *bytes = bytes_to_write(8);
	char *const arguments[] = {(char *)"adversary", (char *)"write", fd_text, count_text, (char *)"3", NULL};
	volatile int how = (int)a[1] % 4;

	number_text(fd_text, fd);
	number_text(count_text, a[2] % 50);
	if (!may_write(fd, 200))
		return;
	/* A handler that jumps in the child would go on with the parent's program. */
	world.can_jump = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		if (how == 0 || how == 2)
			for (int i = 0; i < 8; i++)
				if (write(fd, bytes + i, 1) != 1)
					_exit(9);
		if (how == 1)
			close(fd);
		if (how >= 2 && world.program->features & EXECUTES)
			execve("/proc/self/exe", arguments, environ);
		_exit(7);
	}
	child_waited(pid, "vfork");
}

void perform_spawn(const int32_t *a)
{
	char fd_text[16], count_text[16], size_text[16];
	int fd = slot_number(a[0]), how = (int)a[1] % 4, error = 0;
	pid_t pid = -1;
	char *const arguments[] = {(char *)"adversary", (char *)(how == 3 && may_read(fd) ? "read" : how == 2 ? "again" : "write"), fd_text, count_text, size_text, NULL};

	number_text(fd_text, fd);
	number_text(count_text, a[2] % 70);
	number_text(size_text, a[3] < 200 ? a[3] : 200);
	if (!may_write(fd, (a[2] % 70L) * (a[3] < 200 ? a[3] : 200)))
		return;
	if (how == 0) {
		pid = fork();
		if (pid == 0) {
			execve("/proc/self/exe", arguments, environ);
			_exit(8);
		}
	} else {
		error = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ);
	}
	errno = error;
	child_waited(error ? -1 : pid, "spawn");
}

/* Two processes with one table of descriptors: the child moves one of them. */
static int moves(void *with)
{
	const int *fds = with;

	dup2(fds[1], fds[0]);
	for (int i = 0; i < 20; i++)
		if (write(fds[0], world.text + i, 1) != 1)
			break;
	_exit(3);
}

void perform_share(const int32_t *a)
{
	int fd = slot_number(a[0]), fds[2] = {fd, open("shared", O_RDWR | O_CREAT, 0644)};
	char *stack = malloc(CHILD_STACK);

	if (fd < 0 || fds[1] < 0)
		return;
	int pid = clone(moves, stack + CHILD_STACK, SIGCHLD | CLONE_FILES | (a[1] % 2 ? CLONE_FS : 0), fds);
	number_copied(fds[1], fd);
	child_waited(pid, "clone with CLONE_FILES");
	say("write(%d) = %ld", fd, (long)write(fd, "after", 5));
	close(fds[1]);
}

static struct work {
	int name, count, size;
	long sum;
} work;

static void *works(void *unused)
{
	char name[] = {'t', (char)('0' + work.name), 0};
	int fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0644);

	for (int i = 0; i < work.count; i++)
		work.sum += write(fd, world.text + i, (size_t)work.size);
	work.sum += lseek(fd, 0, SEEK_END);
	close(fd);
	return unused;
}

/* A second thread with a file of its own, while the first one writes to `both`. */
void perform_thread(const int32_t *a)
{
	pthread_t thread;
	struct rlimit limit;
	long sum = 0;

	/* Which of two threads meets it first is nobody's to say. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		return;
	int fd = open("both", O_RDWR | O_CREAT | O_APPEND, 0644);

	work = (struct work){(int)a[0], (int)a[1], a[2] < 300 ? (int)a[2] : 300, 0};
	for (int i = 0; i < 20; i++)
		sum += write(fd, world.text + i, 1);
	if (pthread_create(&thread, NULL, works, NULL))
		return;
	for (int i = 0; i < a[1]; i++)
		sum += write(fd, world.text + i, 1);
	pthread_join(thread, NULL);
	say("thread: %ld, %ld, %ld", work.sum, sum, (long)lseek(fd, 0, SEEK_END));
	close(fd);
}

int helper(int argc, char **argv)
{
	static char text[4096];
	int fd = argc > 2 ? atoi(argv[2]) : -1, count = argc > 3 ? atoi(argv[3]) : 0, size = argc > 4 ? atoi(argv[4]) : 1;
	long sum = 0, got;

	if (strcmp(argv[1], "read") == 0) {
		if ((got = pread(fd, text, sizeof text, 0)) < 0)
			return errno & 127;
		return (int)(hash_of(text, (size_t)got) & 127);
	}
	for (int i = 0; i < 4096; i++)
		text[i] = (char)('A' + i % 26);
	for (int i = 0; i < count; i++) {
		got = write(fd, text + i, (size_t)size);
		if (got < 0)
			return errno & 127;
		sum += got;
	}
	if (strcmp(argv[1], "again") == 0) {
		argv[1] = (char *)"write";
		execve("/proc/self/exe", argv, environ);
		return 99;
	}
	return (int)(sum % 100);
}
