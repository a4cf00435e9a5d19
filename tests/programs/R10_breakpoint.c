/* Says hello by write, with an lseek behind it, and by stdio: the driver sets breakpoints in libc before it starts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) void hello(void)
{
	if (write(1, "hello\n", 6) != 6)
		_exit(1);
	lseek(1, 0, SEEK_CUR);
	__asm__ volatile("");
}

__attribute__((noinline)) void by_stdio(void)
{
	puts("from stdio");
	fflush(stdout);
	__asm__ volatile("");
}

int main(void)
{
	hello();
	by_stdio();
	close(open("/dev/null", O_RDONLY));
	hello();
	return 3;
}
