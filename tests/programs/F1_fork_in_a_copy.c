/* F1: a timer's handler forks wherever it comes, in the midst of a write that is being gathered as well, the first of a batch among them; the child comes back into it, goes on
 * writing and ends. */
/* coalesces: yes */
/* variants: quiet record all batch4096 latency1 stats */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { SOON = 50 /* us */, CHILDREN = 400, WRITES = 40, TURN = 24 /* of writes, then a call: another batch */, FULL = 8 << 20 };
#include "forks.h"

static char bytes[2048];

int main(void)
{
	static const int sizes[] = {2000, 1, 200};
	struct sigaction action = {.sa_handler = handle};
	int fd = open("gathered", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	off_t end;

	memset(bytes, 'x', sizeof bytes);
	sigaction(SIGALRM, &action, NULL);
	timer(1000);
	for (int after = 0, i = 0; forked < CHILDREN && after < WRITES; after += is_child, i++) {
		int size = sizes[forked % 3];
		if (write(fd, bytes, (size_t)size) != size)
			_exit(9);
		if (i % TURN == 0 && (end = lseek(fd, 0, SEEK_END)) > FULL && !is_child && ftruncate(fd, 0) != 0)
			_exit(8);
	}
	if (is_child)
		_exit(7);
	printf("%d children, %d failed\n", forked, failed);
	unlink("gathered");
	return 0;
}
