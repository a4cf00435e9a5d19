/* pthread_cancel in a blocked call runs the cleanup handlers of every frame between the call and the thread's start, innermost first:
 * in calls made directly, in calls that libc makes inside stdio, and with asynchronous cancellation. Without unwind rules over the way
 * to the kernel the thread would end at once, or the process would. */
/* cc: -fexceptions */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int empty[2], full[2], pair[2], listener;
static char big[1 << 16];
static pid_t child;

static void say(void *what)
{
	printf("  cleanup %s\n", (char *)what);
}

static void in_read(void)
{
	char c;
	if (read(empty[0], &c, 1) < 0)
		perror("read");
}

static void in_readv(void)
{
	struct iovec part = {big, 1};
	if (readv(empty[0], &part, 1) < 0)
		perror("readv");
}

static void in_write(void)
{
	if (write(full[1], big, sizeof big) < 0)
		perror("write");
}

static void in_fgets(void)
{
	char line[16];
	FILE *f = fdopen(dup(empty[0]), "r");
	fgets(line, sizeof line, f);
}

static void in_fflush(void)
{
	FILE *f = fdopen(dup(full[1]), "w");
	fwrite(big, 1, sizeof big, f);
	fflush(f);
}

static void in_open(void)
{
	open("fifo", O_RDONLY);
}

static void in_fopen(void)
{
	fopen("fifo", "r");
}

static void in_poll(void)
{
	struct pollfd wanted = {empty[0], POLLIN, 0};
	poll(&wanted, 1, -1);
}

static void in_select(void)
{
	fd_set wanted;
	FD_ZERO(&wanted);
	FD_SET(empty[0], &wanted);
	select(empty[0] + 1, &wanted, NULL, NULL, NULL);
}

static void in_recv(void)
{
	recv(pair[0], big, 1, 0);
}

static void in_recvmsg(void)
{
	struct iovec part = {big, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	recvmsg(pair[0], &message, 0);
}

static void in_accept(void)
{
	accept(listener, NULL, NULL);
}

static void in_waitpid(void)
{
	waitpid(child, NULL, 0);
}

static void in_nanosleep(void)
{
	struct timespec ever = {1000, 0};
	nanosleep(&ever, NULL);
}

static void in_pause(void)
{
	pause();
}

static void in_lock(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	fcntl(open("locked", O_RDWR), F_SETLKW, &lock);
}

static void in_asynchronous_read(void)
{
	char c;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	if (read(empty[0], &c, 1) < 0)
		perror("read");
}

static const struct {
	const char *name;
	void (*wait)(void);
} waits[] = {
	{"read", in_read}, {"readv", in_readv}, {"write", in_write}, {"fgets", in_fgets}, {"fflush", in_fflush}, {"open", in_open},
	{"fopen", in_fopen}, {"poll", in_poll}, {"select", in_select}, {"recv", in_recv}, {"recvmsg", in_recvmsg},
	{"accept", in_accept}, {"waitpid", in_waitpid}, {"nanosleep", in_nanosleep}, {"pause", in_pause}, {"lock", in_lock},
	{"asynchronous read", in_asynchronous_read},
};

static void *inner(void *index)
{
	pthread_cleanup_push(say, "inner");
	waits[(long)index].wait();
	pthread_cleanup_pop(0);
	return "came back";
}

static void *outer(void *index)
{
	void *result;
	pthread_cleanup_push(say, "outer");
	result = inner(index);
	pthread_cleanup_pop(0);
	return result;
}

static void prepare(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int gate[2];
	char c;

	if (pipe(empty) || pipe(full) || pipe(gate) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || mkfifo("fifo", 0600))
		exit(1);
	fcntl(full[1], F_SETFL, O_NONBLOCK);
	while (write(full[1], big, sizeof big) > 0)
		;
	fcntl(full[1], F_SETFL, 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	listen(listener, 1);
	child = fork();
	if (child == 0) { /* holds the lock, and is what waitpid waits for */
		fcntl(open("locked", O_RDWR | O_CREAT, 0600), F_SETLKW, &lock);
		if (write(gate[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(gate[0], &c, 1) != 1)
		exit(1);
}

int main(void)
{
	prepare();
	for (long i = 0; i < (long)(sizeof waits / sizeof *waits); i++) {
		pthread_t thread;
		void *result;
		printf("%s:\n", waits[i].name);
		pthread_create(&thread, NULL, outer, (void *)i);
		usleep(20000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("  %s\n", result == PTHREAD_CANCELED ? "cancelled" : (char *)result);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink("fifo");
	puts("done");
	return 0;
}
