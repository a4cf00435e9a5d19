/* Each file system has a greatest size of a file: a write behind it is EFBIG (or EINVAL), from the first byte on that has no place. */
#include "burst.h"
#include <stdint.h>

/* The last place that a file can be set to. */
static off_t last_place(int fd)
{
	off_t low = 0, high = INT64_MAX;

	while (low < high) {
		off_t middle = low + (high - low) / 2 + (high - low) % 2;
		if (lseek(fd, middle, SEEK_SET) < 0)
			high = middle - 1;
		else
			low = middle;
	}
	return low;
}

static void writes(const void *unused)
{
	(void)unused;
	for (int appends = 0; appends < 2; appends++) {
		int fd = create("out"), taken = 0, refused = 0;
		off_t last = last_place(fd);

		if (appends && (ftruncate(fd, last - 200) != 0 || fcntl(fd, F_SETFL, O_APPEND) != 0))
			die("a large file");
		lseek(fd, appends ? 0 : last - 200, SEEK_SET);
		for (int i = 0; i < 300; i++) {
			if (write(fd, "x", 1) == 1)
				taken++;
			else
				refused += errno == EFBIG || errno == EINVAL;
		}
		printf("taken %d, refused %d\n", taken, refused);
		/* no tool is to read so much */
		printf("cut: %d\n", ftruncate(fd, 0));
		printf("close: %d\n", close(fd));
	}
}

int main(void)
{
	in_both(writes, NULL);
	return 0;
}
