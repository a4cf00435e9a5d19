/* S8: an alternate stack that is none while a handler runs on it (SS_AUTODISARM). The handler writes a burst, and overflows that stack: what was written is there, whether bursts came
 * before the stack was set, behind that, or in the handler alone. */
/* variants: quiet log record all batch7 latency1 */
#include "burst.h"
#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096, SIZE = 1 << 17, AUTODISARM = (int)(1u << 31), BEFORE = 1, BEHIND = 2 };

static int fd, lines;

static void bursts(void)
{
	burst(fd, who, lines, lines + 300);
	lines += 300;
}

static __attribute__((noinline)) int overflows(volatile char *above)
{
	volatile char space[512];

	space[0] = *above;
	return *above ? overflows(space) + space[0] : 0;
}

static void handle(int number)
{
	char first = (char)number;

	bursts();
	overflows(&first);
}

static void is_killed(const void *when)
{
	int way = *(const int *)when;
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	char *memory = mmap(NULL, PAGE + SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = memory + PAGE, .ss_size = SIZE, .ss_flags = AUTODISARM};

	mprotect(memory, PAGE, PROT_NONE);
	if (way & BEFORE)
		bursts();
	if (sigaltstack(&stack, NULL) != 0)
		die("sigaltstack");
	if (way & BEHIND)
		bursts();
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

int main(void)
{
	for (int way = 0; way <= (BEFORE | BEHIND); way++) {
		fd = create("lines");
		printf("%d: status %#x\n", way, in_child(is_killed, &way) & ~0x80);
		tell("first.lines");
		close(fd);
	}
	return 0;
}
