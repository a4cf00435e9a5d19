/* F1: a timer's handler forks wherever it comes, between two instructions of a logged call as well; the child comes back from the handler into what
 * was interrupted, makes some calls more and ends. */
/* variants: quiet log record all latency1 */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

enum { SOON = 20 /* us */, CHILDREN = 300, CALLS = 20 };
#include "forks.h"

int main(void)
{
	struct sigaction action = {.sa_handler = handle};
	int fd = open("/dev/null", O_RDWR);
	char byte;

	sigaction(SIGALRM, &action, NULL);
	timer(1000);
	for (int after = 0; forked < CHILDREN && after < CALLS; after += is_child) {
		if (lseek(fd, 0, SEEK_CUR) < 0 || pread(fd, &byte, 1, 0) != 0 || access("/", F_OK) != 0 || access("/nowhere", F_OK) == 0)
			_exit(9);
	}
	if (is_child)
		_exit(7);
	printf("%d children, %d failed\n", forked, failed);
	return 0;
}
