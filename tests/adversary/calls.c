/* Three ways for a program to the kernel: libc's functions, its syscall(), and an instruction of its own. */
#include "world.h"

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

/* What no function of libc's own makes here goes through syscall(). */
static long by_libc(long number, const long *a)
{
	switch (number) {
	case SYS_read:
		return read((int)a[0], (void *)a[1], (size_t)a[2]);
	case SYS_write:
		return write((int)a[0], (void *)a[1], (size_t)a[2]);
	case SYS_readv:
		return readv((int)a[0], (void *)a[1], (int)a[2]);
	case SYS_writev:
		return writev((int)a[0], (void *)a[1], (int)a[2]);
	case SYS_pread64:
		return pread((int)a[0], (void *)a[1], (size_t)a[2], a[3]);
	case SYS_pwrite64:
		return pwrite((int)a[0], (void *)a[1], (size_t)a[2], a[3]);
	case SYS_openat:
		return openat((int)a[0], (void *)a[1], (int)a[2], (mode_t)a[3]);
	case SYS_close:
		return close((int)a[0]);
	case SYS_dup:
		return dup((int)a[0]);
	case SYS_dup2:
		return dup2((int)a[0], (int)a[1]);
	case SYS_dup3:
		return dup3((int)a[0], (int)a[1], (int)a[2]);
	case SYS_fcntl:
		return fcntl((int)a[0], (int)a[1], a[2]);
	case SYS_lseek:
		return lseek((int)a[0], a[1], (int)a[2]);
	case SYS_ftruncate:
		return ftruncate((int)a[0], a[1]);
	case SYS_rename:
		return rename((void *)a[0], (void *)a[1]);
	case SYS_ioctl:
		return ioctl((int)a[0], (unsigned long)a[1], a[2]);
	default:
		return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

static long by_instruction(long number, const long *a)
{
	register long fourth __asm__("r10") = a[3];
	register long fifth __asm__("r8") = a[4];
	register long sixth __asm__("r9") = a[5];

	__asm__ volatile("syscall" : "+a"(number) : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(fourth), "r"(fifth), "r"(sixth) : "rcx", "r11", "memory");
	return number;
}

long call_by(int way, long number, const long *a)
{
	long result;

	if (way == BY_INSTRUCTION)
		return by_instruction(number, a);
	result = way == BY_LIBC ? by_libc(number, a) : syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return result == -1 ? -errno : result;
}
