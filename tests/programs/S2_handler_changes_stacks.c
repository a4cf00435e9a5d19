/* S2: threads of the program's own making, that are taken off the processor wherever they are: a timer's handler has the interrupted one call a function when the handler has returned, and that changes
 * to the other's stack, without any system call. What the other writes then stays as it is when the first goes on in the midst of its write. */
/* coalesces: yes */
/* variants: quiet stats batch4096 */
/* timeout: 120 */
#include "burst.h"
#include <sys/time.h>
#include <ucontext.h>

enum { TURNS = 4000, ROW = 12, SIZE = 256, FULL = 1 << 20, RED_ZONE = 128 };

static int fd;
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
	/* NB: who changes to the first one has said so, and may still be on the other's stack. */
	if (!is_first || (greg_t)stack > registers[REG_RSP] || registers[REG_RSP] >= (greg_t)(stack + sizeof stack))
		return;
	is_first = 0;
	registers[REG_RSP] -= RED_ZONE + (greg_t)sizeof(greg_t);
	*(greg_t *)registers[REG_RSP] = registers[REG_RIP];
	registers[REG_RIP] = (greg_t)called;
}

static void row(char who)
{
	static char text[2][SIZE];
	char *mine = text[who == 'b'];

	if (!mine[0]) {
		memset(mine, who, SIZE);
		mine[SIZE - 1] = '\n';
	}
	if (write(fd, mine, SIZE) != SIZE)
		_exit(9);
}

static void first(void)
{
	for (;;)
		row('a');
}

static int rows[2];

static int torn(void)
{
	char text[SIZE];
	int wrong = 0;

	lseek(fd, 0, SEEK_SET);
	for (ssize_t got; (got = read(fd, text, SIZE)) > 0;) {
		int i = 0;
		while (i < SIZE - 1 && (text[i] == 'a' || text[i] == 'b') && text[i] == text[0])
			i++;
		rows[text[0] == 'b']++;
		wrong += got != SIZE || i < SIZE - 1 || text[i] != '\n';
	}
	return wrong;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	struct itimerval often = {{0, 97}, {0, 97}}, never = {{0, 0}, {0, 0}};
	void **top = (void **)(stack + sizeof stack) - 2;
	int wrong = 0;

	fd = open("rows", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sigaction(SIGALRM, &action, NULL);
	*top = (void *)first;
	first_stack = top - 6;
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < TURNS; i++) {
		is_first = 1;
		change(&second_stack, &first_stack);
		for (int j = 0; j < ROW; j++)
			row('b');
		if (i % 8 == 7 && lseek(fd, 0, SEEK_CUR) > FULL) {
			wrong += torn();
			if (ftruncate(fd, 0) != 0)
				_exit(8);
			lseek(fd, 0, SEEK_SET);
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	wrong += torn();
	printf("%d rows are torn, %d are missing\n", wrong, TURNS * ROW - rows[1]);
	unlink("rows");
	return 0;
}
