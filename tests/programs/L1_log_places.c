/* Some work whose log has to go somewhere: `work N` writes and reads N times, forks a child and says what it did. `chroot FOLDER`
 * changes its root in the middle. `limited N` lowers RLIMIT_FSIZE for itself, so that growing a log is refused, and does `work`. SIGXFSZ
 * and SIGPIPE stand at their defaults: they kill. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void work(int rounds)
{
	char buffer[8];
	long sum = 0;

	for (int i = 0; i < rounds; i++) {
		int fd = open("/dev/null", O_RDWR);
		sum += write(fd, "1234", 4);
		sum += read(fd, buffer, 8);
		close(fd);
	}
	printf("sum %ld\n", sum);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (write(2, "child on stderr\n", 16) != 16)
			_exit(1);
		_exit(open("/dev/null", O_RDONLY));
	}
	int status;
	waitpid(child, &status, 0);
	printf("child %d, next descriptor %d\n", status >> 8, open("/", O_RDONLY));
}

static int change_root(const char *folder)
{
	if (chroot(folder) != 0 && (unshare(CLONE_NEWUSER) != 0 || chroot(folder) != 0)) {
		perror("chroot");
		return 77;
	}
	if (chdir("/") != 0)
		return 1;
	int fd = open("/inside", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "inside\n", 7) != 7 || close(fd) || access("/usr", F_OK) == 0)
		return 1;
	pid_t child = fork();
	if (child == 0)
		_exit(access("/inside", F_OK) == 0 ? 3 : 4);
	int status;
	waitpid(child, &status, 0);
	printf("child %d\ndone\n", status >> 8);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "work", *value = argc > 2 ? argv[2] : "50";

	if (strcmp(mode, "chroot") == 0)
		return change_root(value);
	if (strcmp(mode, "limited") == 0) {
		struct rlimit limit = {atol(value), atol(value)};
		setrlimit(RLIMIT_FSIZE, &limit);
		work(3000);
	} else {
		work(atoi(value));
	}
	puts("done");
	return 5;
}
