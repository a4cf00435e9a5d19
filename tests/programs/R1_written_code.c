/* Its code may be written, by itself (a segment that is readable, writable and executable), and it does that; a system call of its own is in the form that may be rewritten. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) static long own_call(long number)
{
	long result;

	__asm__ volatile("syscall\n\tcmp $-4095, %%rax\n\tjae 1f\n1:" : "=a"(result) : "a"(number) : "rcx", "r11", "memory", "cc");
	return result;
}

int main(void)
{
	volatile unsigned char *code = (volatile unsigned char *)(void *)main;

	*code = *code;
	return printf("own pid: %s\n", own_call(SYS_getpid) == getpid() ? "right" : "wrong") < 0;
}
