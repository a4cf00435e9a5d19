/* One file, opened and closed a million times. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 1000000; i++) {
		int fd = open("/etc/passwd", O_RDONLY);
		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}
