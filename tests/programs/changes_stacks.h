/* Two threads of the program's own making, of which a timer's handler takes the first off the processor wherever it is: it has the interrupted one call a function when the handler has returned, and
 * that changes to the other's stack, without any system call. */
#ifndef CHANGES_STACKS_H
#define CHANGES_STACKS_H
#include "burst.h"
#include <sys/time.h>
#include <ucontext.h>

enum { RED_ZONE = 128 };

static volatile sig_atomic_t is_first; /* runs now, and may be taken off */
static void *first_stack, *second_stack;
static char stack[1 << 16] __attribute__((aligned(64))); /* of the first: below that of main */

/* Six registers that a function keeps, and the stack pointer. */
void change(void **from, void **to);
__asm__(".text\n"
	"change: pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	"movq %rsp, (%rdi); movq (%rsi), %rsp\n"
	"popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx; ret\n");

/* Called between any two instructions: all is put back, and the red zone left alone. */
void called(void);
__asm__(".text\n"
	"called: pushfq; pushq %rax; pushq %rcx; pushq %rdx; pushq %rbx; pushq %rbp; pushq %rsi; pushq %rdi\n"
	"pushq %r8; pushq %r9; pushq %r10; pushq %r11; cld\n"
	"movq %rsp, %rbx; subq $512, %rsp; andq $-16, %rsp; fxsave (%rsp); call take_off; fxrstor (%rsp); movq %rbx, %rsp\n"
	"popq %r11; popq %r10; popq %r9; popq %r8; popq %rdi; popq %rsi; popq %rbp; popq %rbx; popq %rdx; popq %rcx; popq %rax; popfq\n"
	"ret $128\n");

__attribute__((used)) static void take_off(void)
{
	change(&first_stack, &second_stack);
}

static void handle(int signal, siginfo_t *information, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal, (void)information;
	/* NB: who is about to change to it is on another stack yet, and its own is not kept. */
	if (!is_first || (size_t)(registers[REG_RSP] - (greg_t)stack) >= sizeof stack)
		return;
	is_first = 0;
	registers[REG_RSP] -= RED_ZONE + (greg_t)sizeof(greg_t);
	*(greg_t *)registers[REG_RSP] = registers[REG_RIP];
	registers[REG_RIP] = (greg_t)called;
}

static inline void take_off_every(int microseconds)
{
	struct itimerval often = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &often, NULL);
}

/* main is the second. From here on the first is taken off. */
static inline void first_is(void (*function)(void))
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	void **top = (void **)(stack + sizeof stack) - 2;

	sigaction(SIGALRM, &action, NULL);
	*top = (void *)function;
	first_stack = top - 6;
	take_off_every(97);
}

/* main goes on when the first is taken off. */
static inline void first_runs(void)
{
	is_first = 1;
	change(&second_stack, &first_stack);
}

#endif
