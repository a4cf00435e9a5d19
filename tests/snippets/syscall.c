/* logs: write|pwritev2|mmap|getpid|openat|lseek|munmap */
/* flavours: plain */
/* syscall() itself, with none to six arguments, and with numbers that nobody has. */
#include "snippet.h"

static void snippet(void)
{
	char first[] = "one ", second[] = "two";
	struct iovec vector[2] = {{first, 4}, {second, 3}};
	int fd = file_with("output", "..............");
	char *mapped;

	CALL_UNSHOWN(syscall(SYS_getpid));
	CALL(syscall(SYS_write, fd, "hello", 5L));
	CALL(syscall(SYS_write, -1, "hello", 5L));
	CALL(syscall(SYS_write, fd, nowhere(), 5L));
	CALL(syscall(SYS_pwritev2, fd, vector, 2L, 6L, 0L, (long)RWF_DSYNC));
	CALL(syscall(SYS_pwritev2, fd, vector, 2L, -2L, 0L, 0L));
	CALL(syscall(SYS_openat, AT_FDCWD, "absent", O_RDONLY, 0L));
	CALL(syscall(SYS_lseek, fd, 4096L, SEEK_SET));
	CALL(syscall(SYS_write, fd, "!", 1L));
	mapped = (char *)CALL_UNSHOWN(syscall(SYS_mmap, NULL, 4096L, (long)PROT_READ, (long)MAP_PRIVATE, (long)fd, 4096L));
	note_bytes("mapped", mapped, 2);
	CALL(syscall(SYS_mmap, NULL, 4096L, (long)PROT_READ, (long)MAP_PRIVATE, (long)fd, 1L));
	CALL(syscall(SYS_munmap, mapped, 4096L));
	CALL(syscall(SYS_munmap, 1L, 4096L));
	done_with(fd);
}
