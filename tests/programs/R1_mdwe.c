/* Two programs in one. `launch command...` refuses itself and every program it turns into new executable memory
 * (PR_SET_MDWE, Linux 6.3, handed on over exec) and executes the command. `work` makes calls by names that are interposed,
 * a number of times that the driver knows, and calls that libc makes for itself.
 *
 * Under PR_SET_MDWE libc's text cannot be patched: memory that was writable never becomes executable. The naive patch (make the
 * text writable, write, make it executable again) kills the process here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SET_MDWE 65
#define GET_MDWE 66

static int launch(char **command)
{
	if (prctl(SET_MDWE, 1, 0, 0, 0) != 0) {
		fprintf(stderr, "this kernel has no PR_SET_MDWE: %s\n", strerror(errno));
		return 77;
	}
	execvp(command[0], command);
	perror(command[0]);
	return 1;
}

static int work(void)
{
	char buffer[16];
	int pair[2];

	printf("refused: %d\n", prctl(GET_MDWE, 0, 0, 0, 0));
	fflush(stdout);
	for (int i = 0; i < 10; i++) {
		int fd = open("file", O_RDWR | O_CREAT | O_APPEND, 0600);
		if (write(fd, "0123456789", 10) != 10)
			return 1;
		if (pread(fd, buffer, 10, i) != 10 || memcmp(buffer, "0123456789" + i, 10 - i) != 0)
			return 1;
		close(fd);
	}
	printf("missing: %d %s\n", open("missing", O_RDONLY), strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || send(pair[0], "x", 1, 0) != 1 || recv(pair[1], buffer, 16, 0) != 1)
		return 1;
	FILE *f = fopen("file", "r");
	printf("stdio: %zu\n", fread(buffer, 1, 16, f));
	fclose(f);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(write(1, "child\n", 6) == 6 ? 5 : 1);
	int status;
	waitpid(child, &status, 0);
	printf("child: %d\ndone\n", WEXITSTATUS(status));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "launch") == 0)
		return launch(argv + 2);
	return work();
}
