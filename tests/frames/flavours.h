/* The names of libc's functions turned into libc's syscall(), or into a `syscall` instruction that stands in the snippet itself. Only
 * those that map to one system call with the same arguments; snippets of others say `flavours: plain`. */
#ifndef FLAVOURS_H
#define FLAVOURS_H

#ifdef FLAVOUR_SYSCALL
#define ENTER(...) syscall(__VA_ARGS__)
#else
static inline __attribute__((always_inline)) long enter(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (result < 0 && result >= -4095) {
		errno = (int)-result;
		return -1;
	}
	return result;
}
#define ENTER_SIX(number, a, b, c, d, e, f, ...) \
	enter(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define ENTER(...) ENTER_SIX(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#endif

#define read(...) ENTER(SYS_read, __VA_ARGS__)
#define write(...) ENTER(SYS_write, __VA_ARGS__)
/* Offsets are long: an int's -1 would be 4294967295 there, and the file 4 GiB. */
#define pread(fd, bytes, count, offset) ENTER(SYS_pread64, fd, bytes, count, (long)(offset))
#define pwrite(fd, bytes, count, offset) ENTER(SYS_pwrite64, fd, bytes, count, (long)(offset))
#define readv(...) ENTER(SYS_readv, __VA_ARGS__)
#define writev(...) ENTER(SYS_writev, __VA_ARGS__)
#define preadv(fd, vector, count, offset) ENTER(SYS_preadv, fd, vector, count, (long)(offset), 0L)
#define pwritev(fd, vector, count, offset) ENTER(SYS_pwritev, fd, vector, count, (long)(offset), 0L)
#define preadv2(fd, vector, count, offset, flags) ENTER(SYS_preadv2, fd, vector, count, (long)(offset), 0L, flags)
#define pwritev2(fd, vector, count, offset, flags) ENTER(SYS_pwritev2, fd, vector, count, (long)(offset), 0L, flags)
#define send(fd, bytes, count, flags) ENTER(SYS_sendto, fd, bytes, count, flags, NULL, 0)
#define sendto(...) ENTER(SYS_sendto, __VA_ARGS__)
#define sendmsg(...) ENTER(SYS_sendmsg, __VA_ARGS__)
#define sendmmsg(...) ENTER(SYS_sendmmsg, __VA_ARGS__)
#define recv(fd, bytes, count, flags) ENTER(SYS_recvfrom, fd, bytes, count, flags, NULL, NULL)
#define recvfrom(...) ENTER(SYS_recvfrom, __VA_ARGS__)
#define recvmsg(...) ENTER(SYS_recvmsg, __VA_ARGS__)
#define recvmmsg(...) ENTER(SYS_recvmmsg, __VA_ARGS__)
#define open(...) ENTER(SYS_open, __VA_ARGS__)
#define openat(...) ENTER(SYS_openat, __VA_ARGS__)
#define creat(...) ENTER(SYS_creat, __VA_ARGS__)
#define close(...) ENTER(SYS_close, __VA_ARGS__)
#define close_range(...) ENTER(__NR_close_range, __VA_ARGS__)
#undef openat2
#define openat2(...) ENTER(__NR_openat2, __VA_ARGS__)

#endif
