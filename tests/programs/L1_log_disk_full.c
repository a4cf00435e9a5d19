/* Makes many calls, none of which needs room on a disk, and says how they went. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	long sum = 0;

	for (int i = 0; i < 5000; i++) {
		int fd = open("/dev/null", O_WRONLY);
		sum += write(fd, "text", 4);
		sum += close(fd);
	}
	printf("sum %ld\n", sum);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(open("/dev/null", O_RDONLY));
	int status;
	waitpid(child, &status, 0);
	printf("child %d\ndone\n", status >> 8);
	return 6;
}
