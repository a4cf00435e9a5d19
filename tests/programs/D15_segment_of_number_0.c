/* The first System V segment of a namespace has the number 0, which /proc/self/maps shows where a file's inode stands. A forked child writes into a file, then into the segment that its
 * parent has attached: whoever sees this sees all that is in the file. */
#include "burst.h"
#include <sched.h>
#include <sys/shm.h>
#include <sys/stat.h>

int main(void)
{
	struct stat file;
	int status;

	if (unshare(CLONE_NEWIPC) != 0) {
		puts("no namespace may be made here");
		return 77;
	}
	int number = shmget(IPC_PRIVATE, 4096, 0600);
	volatile int *flag = shmat(number, NULL, 0);
	shmctl(number, IPC_RMID, NULL);
	printf("number %d\n", number);
	for (int turn = 0; turn < 5; turn++) {
		int fd = create("out");
		*flag = 0;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			for (int i = 0; i < 999; i++)
				if (write(fd, "x", 1) != 1)
					_exit(1);
			*flag = 1;
			spin(60000000);
			_exit(0);
		}
		while (!*flag)
			;
		fstat(fd, &file);
		waitpid(child, &status, 0);
		printf("seen: %ld bytes, status %#x\n", (long)file.st_size, status);
		close(fd);
	}
	return 0;
}
