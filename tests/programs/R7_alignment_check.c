/* Programs may set the alignment-check flag (the kernel hands it back with all other flags): a call made then works as without, and
 * the flag still stands behind it. The same for the direction flag of an inline call, and for a set flag across a fork. */
/* cc: -Wl,-z,now -mno-red-zone */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALIGNMENT_CHECK 0x40000l
#define DIRECTION 0x400l

static inline long flags_get(void)
{
	long flags;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

static inline void flags_set(long flags)
{
	__asm__ volatile("pushq %0; popfq" ::"r"(flags) : "memory", "cc");
}

static void inline_getpid(void)
{
	long number = 39, before = flags_get(), after;

	__asm__ volatile("std; syscall; pushfq; popq %1; cld" : "+a"(number), "=r"(after)::"rcx", "r11", "memory", "cc");
	flags_set(before);
	printf("inline: result %s, direction flag %s\n", number == getpid() ? "right" : "wrong", after & DIRECTION ? "set" : "clear");
}

int main(void)
{
	long before = flags_get(), after;
	pid_t pid, real = getpid();
	ssize_t wrote;
	int status;

	inline_getpid();
	printf("with alignment check\n");
	fflush(stdout);
	int null = open("/dev/null", O_WRONLY);

	flags_set(before | ALIGNMENT_CHECK);
	pid = getpid();
	after = flags_get();
	wrote = write(null, "text", 4);
	after &= flags_get();
	lseek(null, 0, SEEK_SET);
	close(null);
	after &= flags_get();
	flags_set(before);
	printf("getpid: %s, write: %zd, flag %s\n", pid == real ? "right" : "wrong", wrote, after & ALIGNMENT_CHECK ? "set" : "clear");
	fflush(stdout);

	pid_t child = fork();
	if (child == 0) {
		flags_set(before | ALIGNMENT_CHECK);
		wrote = write(1, "child\n", 6);
		after = flags_get();
		_exit(wrote == 6 && after & ALIGNMENT_CHECK ? 4 : 5);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("child: signal %d\n", WTERMSIG(status));
	else
		printf("child: status %d\n", WEXITSTATUS(status));
	puts("done");
	return 0;
}
