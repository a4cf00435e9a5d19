/* A process in the middle of a burst is stopped by SIGTSTP, and at once told to go on. How often it stands still all the same, until somebody comes again, is printed: natively never. */
#include "burst.h"

enum { ROUNDS = 400 };

static void forever(int fd)
{
	setpgid(0, 0);
	for (;;) {
		if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
			_exit(92);
		burst(fd, "main", 0, 15000);
		spin(5000000);
	}
}

static int is_stopped(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	char *end = strrchr(text, ')');
	return end && end[2] == 'T';
}

int main(void)
{
	int fd = create("lines"), stuck = 0;
	pid_t pid = fork();

	if (pid == 0)
		forever(fd);
	setpgid(pid, pid);
	usleep(20000);
	for (int i = 0; i < ROUNDS; i++) {
		usleep(rand() % 5000);
		kill(pid, SIGTSTP);
		spin(10000 + rand() % 300000);
		kill(pid, SIGCONT);
		usleep(3000);
		if (is_stopped(pid)) {
			stuck++;
			kill(pid, SIGCONT);
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("%d\n", stuck);
	return 0;
}
