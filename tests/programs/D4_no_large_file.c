/* D4: a descriptor that a 32-bit program has opened, without O_LARGEFILE, takes no byte behind 2 GiB: the write that crosses it is short, and those behind it fail with EFBIG. */
#include "burst.h"
#include <sys/mman.h>

enum { I386_OPEN = 5, LARGE = 0100000 /* O_LARGEFILE of the kernel, for glibc it is 0 */, IN_FRONT = 1005, WRITES = 200, SIZE = 10 };

static long i386_call(long number, long a, long b, long c)
{
	__asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return number;
}

/* where the kernel has no i386 calls int $0x80 is a fault */
static void tries(const void *path)
{
	if (i386_call(I386_OPEN, (long)path, O_RDWR | O_CREAT | O_TRUNC, 0600) < 0)
		_exit(1);
}

int main(void)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int whole = 0, part = 0, refused = 0, error = 0;

	strcpy(path, "small");
	if (in_child(tries, path)) {
		puts("no i386 calls here");
		return 77;
	}
	int fd = (int)i386_call(I386_OPEN, (long)path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || fcntl(fd, F_GETFL) & LARGE || lseek(fd, (1L << 31) - IN_FRONT, SEEK_SET) < 0)
		die("small");
	for (int i = 0; i < WRITES; i++) {
		ssize_t written = write(fd, "123456789\n", SIZE);
		whole += written == SIZE;
		part += written > 0 && written < SIZE ? (int)written : 0;
		refused += written < 0;
		if (written < 0)
			error = errno;
	}
	printf("%d whole, %d bytes of one, %d refused: %s; %ld bytes\n", whole, part, refused, error ? strerror(error) : "", (long)lseek(fd, 0, SEEK_END));
	unlink("small");
	return 0;
}
