/* Odd ways to name a system call: i386's entry with i386's numbers, the x32 bit, garbage above the 32 bits that count, numbers that
 * nobody has. Each is made by an inline instruction and by libc's syscall(); the results are the kernel's, whatever those are here.
 *
 * i386's 39 is mkdir and x86-64's is getpid: who takes one for the other either makes no folder or answers a wrong number. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long inline_call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

static long i386_call(long number, long a, long b)
{
	__asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return number;
}

static void show(const char *what, long number, long result)
{
	if (result == getpid())
		printf("%s %#lx: my pid\n", what, number);
	else if (result < 0 && result > -4096)
		printf("%s %#lx: %s\n", what, number, strerrorname_np(-result));
	else
		printf("%s %#lx: %ld\n", what, number, result);
	fflush(stdout);
}

static void both(long number, long a, long b, long c)
{
	show("inline", number, inline_call(number, a, b, c));
	errno = 0;
	long result = syscall(number, a, b, c);
	show("syscall()", number, result == -1 && errno ? -errno : result);
}

/* where the kernel has no i386 calls int $0x80 is a fault: a child finds out */
static void i386(void)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int status;

	if (path == MAP_FAILED)
		return;
	strcpy(path, "made_by_i386");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		show("int80", 20, i386_call(20, 0, 0));
		show("int80", 39, i386_call(39, (long)path, 0700));
		show("int80", 39, i386_call(39, (long)path, 0700));
		show("int80", 0x70000002700, i386_call(0x700000027, (long)path, 0700));
		show("int80", 9999, i386_call(9999, 0, 0));
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("int80: killed by %s\n", sigabbrev_np(WTERMSIG(status)));
}

int main(void)
{
	static const long unknown[] = {-1, -39, 337, 400, 423, 500, 511, 512, 513, 547, 548, 1000, 0x10000, INT32_MAX, INT32_MIN, UINT32_MAX,
				       INT64_MAX, INT64_MIN};
	static const long upper[] = {0x100000000, 0x700000000, (long)0xffffffff00000000, (long)0x8000000000000000, 0x123456700000000};
	char text[] = "text of a write with garbage above\n";

	i386();
	both(0x40000000 + SYS_getpid, 0, 0, 0);
	both(0x40000000 + SYS_write, 1, (long)text, sizeof text - 1);
	both(0x40000000 + 512, 0, 0, 0);
	for (unsigned i = 0; i < sizeof upper / sizeof *upper; i++) {
		both(upper[i] | SYS_getpid, 0, 0, 0);
		both(upper[i] | SYS_write, 1, (long)text, sizeof text - 1);
		both(upper[i] | SYS_close, 999, 0, 0);
	}
	/* an int argument counts with its low 32 bits too */
	both(SYS_write, 0x500000001, (long)text, sizeof text - 1);
	for (unsigned i = 0; i < sizeof unknown / sizeof *unknown; i++)
		both(unknown[i], 0, 0, 0);
	puts("done");
	return 0;
}
