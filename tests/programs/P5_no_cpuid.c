/* Makes the instruction `cpuid` deadly for itself, where the processor can (arch_prctl(2), ARCH_SET_CPUID), and makes calls whose times are wanted. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SET_CPUID = 0x1012 /* asm/prctl.h */ };

int main(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	char byte;

	printf("%ld\n", (long)syscall(SYS_arch_prctl, SET_CPUID, 0L));
	fflush(stdout);
	for (int i = 0; i < 5000; i++)
		if (read(zero, &byte, 1) != 1)
			return 1;
	usleep(3000);
	for (int i = 0; i < 5000; i++)
		if (read(zero, &byte, 1) != 1)
			return 1;
	puts("alive");
	return 0;
}
