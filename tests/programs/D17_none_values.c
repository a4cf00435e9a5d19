/* Values that could mean "none" inside somebody else's tables: descriptors -1 and beyond every table, page 0, addresses and counts of 0, in the
 * middle of bursts; and the same as the very first write of a process. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* cc: -Wno-array-bounds -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread */
#include "burst_files.h"
#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int fd;
static const char *volatile nowhere; /* compilers know NULL */

static void row(const char *what, long number, long from, long size)
{
	long first = 0, same = 1;
	int error = 0;

	burst(fd, "x", 0, 50);
	for (int i = 0; i < 40; i++) {
		errno = 0;
		long result = syscall(SYS_write, number, from, size);
		if (i == 0)
			first = result, error = errno;
		same &= result == first && errno == error;
	}
	errno = error;
	printf("  %s: %s, each alike: %ld\n", what, outcome(first), same);
}

static void by_name(void)
{
	static const int numbers[] = {-1, -2, INT_MIN, INT_MAX, 1 << 20, (1 << 20) - 1, 65535, 1023};

	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct iovec one = {"x", 1};
		burst(fd, "x", 0, 50);
		for (int k = 0; k < 40; k++) {
			errno = 0;
			long result = write(numbers[i], "x", 1);
			int error = errno;
			long vector = writev(numbers[i], &one, 1);
			if (k && result == -1 && vector == -1 && error == EBADF && errno == EBADF)
				continue;
			printf("  write(%d): %ld %s, writev: %ld %s\n", numbers[i], result, strerror(error), vector, strerror(errno));
		}
	}
}

/* Where page 0 may be mapped (root, with vm.mmap_min_addr passed by): its bytes are good ones; then they are gone again. */
static void page_zero(void)
{
	char *zero = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	row("page 0 as it is", fd, 0, 5);
	if (zero == NULL)
		for (int i = 0; i < 100; i++)
			((volatile char *)zero)[i] = 'z';
	row("page 0, from 1", fd, 1, 5);
	munmap(NULL, 4096);
	row("page 0, gone", fd, 0, 5);
	row("page 0, gone, from 4095", fd, 4095, 1);
}

static void body(const char *who)
{
	fd = fresh(who, "file", O_WRONLY);
	by_name();
	row("descriptor -1", -1, (long)"text", 4);
	row("descriptor 2^32 - 1", 0xffffffffl, (long)"text", 4);
	row("upper half set", fd | 1l << 32, (long)"text", 4);
	row("upper half all ones", fd | ~0l << 32, (long)"text", 4);
	row("count 0", fd, (long)"text", 0);
	row("count 0 from 0", fd, 0, 0);
	row("count 0 to -1", -1, (long)"text", 0);
	row("count -1", fd, (long)"text", -1);
	row("count LONG_MIN", fd, (long)"text", LONG_MIN);
	row("address -1", fd, -1, 1);
	row("address 0", fd, 0, 1);
	page_zero();
	/* descriptor 0 is a number like any other */
	int zero = dup(0), out = fresh(who, "zero", O_WRONLY);
	dup2(out, 0);
	off_t size = burst(0, "zero", 0, 200);
	printf("  descriptor 0: %d\n", lseek(out, 0, SEEK_CUR) == size);
	burst(0, "zero", 0, 200);
	dup2(zero, 0);
	row("descriptor 0, read-only", 0, (long)"text", 4);
	close(zero);
	close(out);
	close(fd);
}

int main(void)
{
	/* the very first ones of a process, in a row that would arm */
	for (int i = 0; i < 100; i++)
		if (write(-1, "x", 1) != -1 || errno != EBADF)
			printf("write to -1 succeeds\n");
	fd = fresh("none", "file", O_WRONLY);
	for (int i = 0; i < 100; i++)
		if (write(fd, nowhere, 1) != -1 || errno != EFAULT)
			printf("write from NULL succeeds\n");
	close(fd);
	in_both(body);
	return 0;
}
