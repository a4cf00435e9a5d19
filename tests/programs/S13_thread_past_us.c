/* A program whose own instructions make a child in its memory, or a call by i386's number, and right behind that a thread, with no call of libc's in between. Both threads write: each line is
 * there once. */
/* coalesces: yes */
/* variants: quiet record stats latency1 */
/* timeout: 120 */
#include "burst.h"
#include <sched.h>

enum { LINES = 30000, SIZE = 32, STACK = 64 << 10 };

static int file;
static volatile int done;
static char stacks[2][STACK] __attribute__((aligned(64)));

/* The child runs `function` on this stack. */
static long make(long flags, char *stack, void (*function)(void))
{
	long number = SYS_clone;
	void **top = (void **)(stack + STACK - 64);

	*top = (void *)function;
	__asm__ volatile("xorl %%r10d, %%r10d\n\txorl %%r8d, %%r8d\n\tsyscall\n\ttestq %%rax, %%rax\n\tjnz 1f\n\tpopq %%rax\n\tcall *%%rax\n\thlt\n1:"
			 : "+a"(number) : "D"(flags), "S"(top), "d"(0L) : "rcx", "r8", "r10", "r11", "memory");
	return number;
}

static void leaves(void)
{
	inline_call(SYS_exit, 0, 0, 0, 0);
}

static void put(const char *text, int count)
{
	for (int i = 0; i < count; i++)
		if (write(file, text, SIZE) != SIZE)
			die("write");
}

static void thread(void)
{
	put("thread ........................\n", LINES);
	done = 1;
	inline_call(SYS_exit, 0, 0, 0, 0);
}

static void writes(const void *with)
{
	const char *how = with;
	char text[80];
	int lines[2] = {0}, others = 0;

	file = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	put("main   ........................\n", 200);
	if (*how == 'v')
		make(CLONE_VM | CLONE_VFORK | SIGCHLD, stacks[0], leaves);
	else if (*how == 'i')
		__asm__ volatile("int $0x80" : : "a"(20L) : "r8", "r9", "r10", "r11", "memory"); /* getpid; where there is none it is a fault */
	make(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, stacks[1], thread);
	put("main   ........................\n", LINES);
	while (!done)
		;
	usleep(100000);
	FILE *f = fopen("out", "r");
	while (f && fgets(text, sizeof text, f)) {
		lines[*text == 't'] += strlen(text) == SIZE;
		others += strlen(text) != SIZE;
	}
	/* the two may take turns as they like */
	unlink("out");
	printf("%s: %d lines, %d of the thread, %d others\n", how, lines[0], lines[1], others);
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	static const char *const ways[] = {"nothing before", "vfork before", "i386's number before"};

	for (int i = 0; i < 3; i++)
		printf("status %#x\n", in_child(writes, ways[i]));
	return 0;
}
