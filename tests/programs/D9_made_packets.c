/* D9: who shares a pipe makes it one of packets (O_DIRECT) while its writer makes no call but writes. What is written behind that, but for what was on its way, comes apart. */
/* timeout: 60 */
#include "burst.h"

enum { SIZE = 8, ENOUGH = 200 };

static void writes(int fd)
{
	for (;;) {
		if (write(fd, "abcdefg\n", SIZE) != SIZE)
			_exit(1);
		spin(20000);
	}
}

int main(void)
{
	char text[65536];
	int ends[2], apart = 0;

	if (pipe(ends) != 0)
		die("pipe");
	pid_t writer = fork();
	if (!writer)
		writes(ends[1]);
	for (int got = 0; got < 100 * SIZE;)
		got += (int)read(ends[0], text, sizeof text);
	if (fcntl(ends[1], F_SETFL, O_WRONLY | O_DIRECT) != 0)
		die("O_DIRECT");
	for (long long end = nanoseconds() + 5000000000LL; apart < ENOUGH && nanoseconds() < end;)
		apart = read(ends[0], text, sizeof text) == SIZE ? apart + 1 : 0;
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	puts(apart == ENOUGH ? "apart" : "together");
	return 0;
}
