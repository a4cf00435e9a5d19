/* One source, compiled twice. -DLIBRARY: another preload, which turns what goes through write and send and their kin into upper case, as those do
 * that colour, count or encrypt; at the end it says how many calls it saw. Else the program, which writes in bursts by every name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef LIBRARY

static unsigned long seen;

static void upper(char *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = ((const char *)from)[i];
		to[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
	}
	seen++;
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t size)
{
	char changed[4096];

	if (size > sizeof changed)
		return NEXT(write)(fd, from, size);
	upper(changed, from, size);
	return NEXT(write)(fd, changed, size);
}

#ifdef SENDS
ssize_t send(int fd, const void *from, size_t size, int flags)
{
	char changed[4096];

	upper(changed, from, size);
	return NEXT(send)(fd, changed, size, flags);
}

ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
	char changed[4096];

	upper(changed, from, size);
	return NEXT(sendto)(fd, changed, size, flags, to, length);
}

ssize_t writev(int fd, const struct iovec *vector, int count)
{
	char changed[4096];
	size_t size = 0;

	for (int i = 0; i < count; i++) {
		upper(changed + size, vector[i].iov_base, vector[i].iov_len);
		size += vector[i].iov_len;
	}
	struct iovec one = {changed, size};
	return NEXT(writev)(fd, &one, 1);
}
#endif

__attribute__((destructor)) static void total(void)
{
	char line[64];
	int length = snprintf(line, sizeof line, "seen: %lu\n", seen);

	if (NEXT(write)(1, line, (size_t)length) != length)
		_exit(96);
}

#else

enum { BURST = 100 };

static void file(void)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct iovec two[2] = {{"first ", 6}, {"second\n", 7}};

	for (int i = 0; i < BURST; i++)
		if (write(fd, "by write\n", 9) != 9)
			exit(1);
	for (int i = 0; i < BURST; i++)
		if (writev(fd, two, 2) != 13)
			exit(1);
	/* a burst of one name that goes on with another */
	for (int i = 0; i < BURST; i++)
		if ((i % 2 ? writev(fd, two, 2) : write(fd, "mixed\n", 6)) < 0)
			exit(1);
	/* these reach the kernel natively without the other preload: stdio from inside libc, syscall() by number */
	for (int i = 0; i < BURST; i++)
		dprintf(fd, "by dprintf %d\n", i);
	for (int i = 0; i < BURST; i++)
		if (syscall(SYS_write, fd, "by syscall\n", 11) != 11)
			exit(1);
	close(fd);
	FILE *f = fopen("stream", "w");
	setvbuf(f, NULL, _IONBF, 0);
	for (int i = 0; i < BURST; i++)
		fprintf(f, "by stdio %d\n", i);
	fclose(f);
}

static void to_peer(int out, int in, const char *name, ssize_t (*put)(int, const char *))
{
	char line[64], got[64 * BURST];
	size_t size = 0;

	for (int i = 0; i < BURST; i++) {
		snprintf(line, sizeof line, "%s %d\n", name, i);
		if (put(out, line) != (ssize_t)strlen(line))
			exit(1);
	}
	shutdown(out, SHUT_WR);
	close(out);
	for (ssize_t more; (more = read(in, got + size, sizeof got - size)) > 0;)
		size += (size_t)more;
	fwrite(got, 1, size, stdout);
	fflush(stdout);
	close(in);
}

static ssize_t by_write(int fd, const char *text)
{
	return write(fd, text, strlen(text));
}

static ssize_t by_send(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static ssize_t by_sendto(int fd, const char *text)
{
	return sendto(fd, text, strlen(text), 0, NULL, 0);
}

int main(void)
{
	int ends[2];

	file();
	if (pipe(ends) != 0)
		return 1;
	to_peer(ends[1], ends[0], "pipe by write", by_write);
	static ssize_t (*const ways[])(int, const char *) = {by_write, by_send, by_sendto};
	static const char *const names[] = {"socket by write", "socket by send", "socket by sendto"};
	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
			return 1;
		to_peer(ends[0], ends[1], names[i], ways[i]);
	}
	pid_t child = fork();
	if (child == 0) {
		int fd = open("child", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		for (int i = 0; i < BURST; i++)
			by_write(fd, "by a child\n");
		exit(3);
	}
	int status;
	waitpid(child, &status, 0);
	printf("child: %#x\ndone\n", status);
	return 0;
}

#endif
