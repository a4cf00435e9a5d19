/* The 128 bytes below the stack pointer belong to a leaf function. It fills them and enters the kernel, by an instruction of its own
 * and by a jump to libc's getpid, whose `syscall` then stands with our red zone below it; not one byte may change. Also with a stack
 * pointer that is not aligned to 16, or to nothing, which the kernel does not care about. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* sixteen words with their own numbers, 16 nearest to the stack pointer; rcx is used up */
#define FILL_RED_ZONE \
	"	movl $16, %ecx\n" \
	"1:	movq %rcx, -136(%rsp, %rcx, 8)\n" \
	"	loop 1b\n"
/* to the address in r9; the result of the call stays in rax */
#define COPY_RED_ZONE \
	"	movl $16, %ecx\n" \
	"3:	movq -136(%rsp, %rcx, 8), %rdx\n" \
	"	movq %rdx, -8(%r9, %rcx, 8)\n" \
	"	loop 3b\n"

__asm__(".text\n"
	"red_zone_inline:\n"
	"	movq %rdi, %r9\n"
	FILL_RED_ZONE
	"	movl $39, %eax\n"
	"	syscall\n"
	COPY_RED_ZONE
	"	ret\n"
	/* rdi: where to copy to, rsi: getpid, rdx: bytes to lower the stack by. getpid is entered as if called: its return address
	 * is on the stack, but the red zone lies below that address and not below ours */
	"red_zone_jump:\n"
	"	movq %rdi, %r9\n"
	"	movq %rsp, %r10\n"
	"	subq %rdx, %rsp\n"
	"	leaq 2f(%rip), %rax\n"
	"	pushq %rax\n"
	FILL_RED_ZONE
	"	jmp *%rsi\n"
	"2:	leaq -8(%rsp), %rsp\n"
	COPY_RED_ZONE
	"	movq %r10, %rsp\n"
	"	ret\n");
long red_zone_inline(uint64_t *copy);
long red_zone_jump(uint64_t *copy, void *function, long lower);

static void check(const char *what, const uint64_t *copy, long result)
{
	int wrong = 0;

	for (uint64_t i = 0; i < 16; i++)
		wrong += copy[i] != i + 1;
	printf("%s: %d words of the red zone changed, result %s\n", what, wrong, result == getpid() ? "right" : "wrong");
}

int main(void)
{
	static const long lower[] = {0, 8, 3, 1, 15};
	uint64_t copy[16] = {0};

	check("inline", copy, red_zone_inline(copy));
	for (unsigned i = 0; i < sizeof lower / sizeof *lower; i++) {
		char what[64];
		memset(copy, 0, sizeof copy);
		long result = red_zone_jump(copy, getpid, lower[i]);
		snprintf(what, sizeof what, "getpid, stack lowered by %ld", lower[i]);
		check(what, copy, result);
	}
	puts("done");
	return 0;
}
