/* Calls that tell nobody anything, calls that must fail, and writes that stdio makes. */
#include "world.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>

/* Calls during which what is buffered may wait on. */
void perform_private(const int32_t *a)
{
	char some[16];
	long sum = 0;

	for (int i = 0; i < 3; i++) {
		sum += CALL((int)a[1], SYS_getpid) > 0;
		sum += CALL((int)a[1], SYS_getuid) >= 0;
		sum += getrandom(some, sizeof some, 0) == sizeof some;
		sum += time(NULL) > 0;
		if (a[0] % 2) {
			void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			sum += munmap(at, 8192) == 0;
		}
		if (a[0] % 3 == 0)
			free(malloc(300000));
	}
	say("private: %ld", sum);
}

/* Two pages, of which the second cannot be read; the end of the first one. */
static char *edge(void)
{
	static char *at;

	if (!at) {
		at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(at, 'e', 4096);
		mprotect(at + 4096, 4096, PROT_NONE);
	}
	return at + 4096;
}

void perform_bad(const int32_t *a)
{
	int fd = slot_number(a[0]), way = (int)a[2];
	struct iovec parts[3] = {{(void *)bytes_to_write(5), 5}, {(void *)16, 3}, {(void *)bytes_to_write(5), 5}};
	long result;

	if (!may_write(fd, 4096))
		return;
	switch (a[1] % 18) {
	case 0:
		result = CALL(way, SYS_write, -1, (long)"x", 1);
		break;
	case 1:
		result = CALL(way, SYS_write, 999, (long)"x", 1);
		break;
	case 2:
		result = CALL(way, SYS_write, fd, 16, 5);
		break;
	case 3:
		result = CALL(way, SYS_write, fd, (long)(edge() - 5), 5);
		break;
	case 4:
		result = CALL(way, SYS_write, fd, (long)(edge() - 5), 9);
		break;
	case 5:
		result = CALL(way, SYS_write, fd, (long)edge(), 1);
		break;
	case 6:
		result = CALL(way, SYS_write, fd, 0, 0);
		break;
	case 7:
		result = CALL(way, SYS_write, fd, (long)"x", 0);
		break;
	case 8:
		result = CALL(way, SYS_writev, fd, (long)parts, 3);
		break;
	case 9:
		result = CALL(way, SYS_writev, fd, (long)parts, -1);
		break;
	case 10:
		result = CALL(way, SYS_writev, fd, (long)parts, 1025);
		break;
	case 11:
		result = CALL(way, SYS_writev, fd, 8, 2);
		break;
	case 12:
		parts[1] = (struct iovec){(void *)bytes_to_write(5), (size_t)-1 >> 1};
		result = CALL(way, SYS_writev, fd, (long)parts, 3);
		break;
	case 13:
		parts[1] = (struct iovec){NULL, 0};
		result = CALL(way, SYS_writev, fd, (long)parts, 3);
		break;
	case 14:
		result = CALL(way, SYS_pwrite64, fd, (long)"x", 1, -1);
		break;
	case 15:
		result = CALL(way, SYS_read, -1, (long)parts, 1);
		break;
	case 16:
		result = CALL(way, 999, fd, (long)parts, 1);
		break;
	default:
		/* What comes back of a page that cannot be read any more is as natively: a byte from it first, then none. */
		result = CALL(way, SYS_write, fd, (long)(edge() - 4096), 1);
		mprotect(edge() - 4096, 4096, PROT_NONE);
		result = result * 1000 + CALL(way, SYS_write, fd, (long)(edge() - 4096), 1);
		mprotect(edge() - 4096, 4096, PROT_READ);
	}
	/* How much of a partly readable row of bytes was taken is known by nobody but the kernel. */
	if (a[1] % 18 != 17 && a[1] % 18 < 14)
		was_written(fd, result);
	say("bad %d (%d) = %ld", (int)a[1] % 18, fd, result);
}

void perform_stdio_open(const int32_t *a)
{
	static const char *const modes[] = {"w", "a", "r+", "w+", "a+", "we"};
	static const int buffers[] = {_IOFBF, _IOLBF, _IONBF, _IOFBF};
	const char name[] = {(char)('a' + a[0]), 0};

	if (world.file)
		fclose(world.file);
	world.file = fopen(name, modes[(unsigned)a[1] % 6]);
	say("fopen(%s, %s): %s", name, modes[(unsigned)a[1] % 6], world.file ? "open" : strerror(errno));
	if (world.file)
		setvbuf(world.file, NULL, buffers[(unsigned)a[1] / 8 % 4], a[1] & 64 ? 64 : BUFSIZ);
}

void perform_stdio_print(const int32_t *a)
{
	int sum = 0;

	if (!world.file)
		return;
	for (int i = 0; i < a[0]; i++) {
		sum += fprintf(world.file, "line %d of %s%c", i, "stdio", i % 5 ? '\n' : ' ');
		if (a[1] % 3 || i % 7 == 0)
			sum += fflush(world.file);
		if (a[1] % 5 == 0)
			sum += putc('.', world.file) == '.';
	}
	say("fprintf = %d, %d", sum, ferror(world.file));
}

void perform_stdio_read(const int32_t *a)
{
	char line[64] = "";

	if (!world.file)
		return;
	int moved = fseek(world.file, a[0] % 1000, SEEK_SET);
	size_t got = fread(line, 1, 20, world.file);
	say("fseek = %d, fread = %zu %08x, ftell %ld", moved, got, hash_of(line, got), ftell(world.file));
	fseek(world.file, 0, SEEK_END);
}

void perform_stdio_close(const int32_t *a)
{
	(void)a;
	if (!world.file)
		return;
	say("fclose = %d", fclose(world.file) ? -errno : 0);
	world.file = NULL;
}
