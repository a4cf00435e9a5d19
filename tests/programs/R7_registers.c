/* Fills every register that a caller can see (general, x87, mxcsr, xmm or ymm or zmm, mask), calls a function of libc that enters the
 * kernel, and tells which have changed. Two kinds of lines:
 *   "kept ..."     what the calling convention promises: rbx rbp rsp r12-r15, the control words, a clear direction flag
 *   "changed ..."  what it does not promise, but what the kernel and libc's few instructions leave alone. Only where libc itself is entered
 *                  without a C function of ours in between is this the same; the argument `all` prints these lines.
 * Registers are loaded and stored by one piece of assembly on static memory; the calls go through resolved pointers. */
/* cc: -Wl,-z,now */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, GENERAL };
static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
				    "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
#define CALLEE_SAVED (1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14 | 1u << R15)

/* the assembly knows these offsets */
struct registers {
	uint64_t general[15];          /* 0 */
	uint64_t flags;                /* 120 */
	uint32_t mxcsr;                /* 128 */
	uint16_t control, unused;      /* 132 */
	uint64_t masks[8];             /* 136 */
	double x87;                    /* 200 */
	uint8_t unused2[48];           /* 208 */
	uint8_t vectors[32][64];       /* 256 */
} __attribute__((aligned(64)));
_Static_assert(__builtin_offsetof(struct registers, vectors) == 256 && __builtin_offsetof(struct registers, x87) == 200, "layout");

struct registers given, got;
void *target, *saved_stack;
int vector_width; /* 16, 32 or 64 */

void call_with_registers(void);
__asm__(".text\n"
	".macro EACH_VECTOR instruction, register, count, width, load, at\n"
	"	.set vector_index, 0\n"
	"	.rept \\count\n"
	"	VECTOR \\instruction, \\register, %vector_index, \\load, \\at\n"
	"	.set vector_index, vector_index + 1\n"
	"	.endr\n"
	".endm\n"
	".macro VECTOR instruction, register, index, load, at\n"
	"	.if \\load\n"
	"	\\instruction \\at + 256 + 64 * \\index(%rip), %\\register\\index\n"
	"	.else\n"
	"	\\instruction %\\register\\index, \\at + 256 + 64 * \\index(%rip)\n"
	"	.endif\n"
	".endm\n"
	".macro MASK index, load, at\n"
	"	.if \\load\n"
	"	kmovq \\at + 136 + 8 * \\index(%rip), %k\\index\n"
	"	.else\n"
	"	kmovq %k\\index, \\at + 136 + 8 * \\index(%rip)\n"
	"	.endif\n"
	".endm\n"
	".altmacro\n"
	".macro VECTORS load, at\n"
	"	cmpl $32, vector_width(%rip)\n"
	"	jb 1f\n"
	"	ja 2f\n"
	"	EACH_VECTOR vmovdqu, ymm, 16, 32, \\load, \\at\n"
	"	jmp 3f\n"
	"1:	EACH_VECTOR movdqu, xmm, 16, 16, \\load, \\at\n"
	"	jmp 3f\n"
	"2:	EACH_VECTOR vmovdqu64, zmm, 32, 64, \\load, \\at\n"
	"	.irp k, 0, 1, 2, 3, 4, 5, 6, 7\n"
	"	MASK \\k, \\load, \\at\n"
	"	.endr\n"
	"3:\n"
	".endm\n"
	".noaltmacro\n"
	".globl call_with_registers\n"
	"call_with_registers:\n"
	"	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	"	subq $24, %rsp\n"
	"	stmxcsr (%rsp); fnstcw 8(%rsp)\n"
	"	movq %rsp, saved_stack(%rip)\n"
	".altmacro\n"
	"	VECTORS 1, given\n"
	".noaltmacro\n"
	"	ldmxcsr given+128(%rip); fldcw given+132(%rip); fldl given+200(%rip)\n"
	"	movq given(%rip), %rax; movq given+8(%rip), %rbx; movq given+16(%rip), %rcx; movq given+24(%rip), %rdx\n"
	"	movq given+32(%rip), %rsi; movq given+40(%rip), %rdi; movq given+48(%rip), %rbp; movq given+56(%rip), %r8\n"
	"	movq given+64(%rip), %r9; movq given+72(%rip), %r10; movq given+80(%rip), %r11; movq given+88(%rip), %r12\n"
	"	movq given+96(%rip), %r13; movq given+104(%rip), %r14; movq given+112(%rip), %r15\n"
	"	cld\n"
	"	call *target(%rip)\n"
	"	movq %rax, got(%rip); movq %rbx, got+8(%rip); movq %rcx, got+16(%rip); movq %rdx, got+24(%rip)\n"
	"	movq %rsi, got+32(%rip); movq %rdi, got+40(%rip); movq %rbp, got+48(%rip); movq %r8, got+56(%rip)\n"
	"	movq %r9, got+64(%rip); movq %r10, got+72(%rip); movq %r11, got+80(%rip); movq %r12, got+88(%rip)\n"
	"	movq %r13, got+96(%rip); movq %r14, got+104(%rip); movq %r15, got+112(%rip)\n"
	"	pushfq; popq got+120(%rip); cld\n"
	"	subq %rsp, saved_stack(%rip)\n"
	"	stmxcsr got+128(%rip); fnstcw got+132(%rip); fstpl got+200(%rip)\n"
	".altmacro\n"
	"	VECTORS 0, got\n"
	".noaltmacro\n"
	"	ldmxcsr (%rsp); fldcw 8(%rsp)\n"
	"	addq $24, %rsp\n"
	"	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
	"	cmpl $32, vector_width(%rip)\n"
	"	jb 9f\n"
	"	vzeroupper\n"
	"9:	ret\n");

static int all;

static void fill(const uint64_t arguments[6])
{
	static const int order[6] = {RDI, RSI, RDX, RCX, R8, R9};

	memset(&given, 0, sizeof given);
	for (int i = 0; i < GENERAL; i++)
		given.general[i] = 0xabcdef0000000000 | (uint64_t)i << 32 | 0x12345;
	for (int i = 0; i < 6; i++)
		if (arguments[i] != ~0ul)
			given.general[order[i]] = arguments[i];
	given.general[RAX] = 0; /* no vector register holds an argument of a variadic function */
	given.mxcsr = 0x7f80;   /* all exceptions masked, round to zero */
	given.control = 0x0f7f; /* the same for x87 */
	given.x87 = 0x1p40 + 1;
	for (int i = 0; i < 8; i++)
		given.masks[i] = 0x0101010101010101ul * (i + 1);
	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 64; j++)
			given.vectors[i][j] = i * 7 + j + 1;
}

static void report(const char *what)
{
	char changed[256] = "", broken[256] = "";
	int vectors = vector_width == 64 ? 32 : 16, different = 0;

	for (int i = 0; i < GENERAL; i++) {
		if (got.general[i] == given.general[i] || i == RAX || i == RCX || i == R11)
			continue;
		char *list = CALLEE_SAVED & 1u << i ? broken : changed;
		strcat(strcat(list, " "), names[i]);
	}
	for (int i = 0; i < vectors; i++)
		different += memcmp(got.vectors[i], given.vectors[i], vector_width) != 0;
	if (got.mxcsr != given.mxcsr)
		strcat(broken, " mxcsr");
	if (got.control != given.control)
		strcat(broken, " x87-control");
	if (saved_stack)
		strcat(broken, " rsp");
	if (got.flags & 0x400)
		strcat(broken, " direction");
	printf("kept over %s: %s%s\n", what, *broken ? "not" : "all", broken);
	if (!all)
		return;
	if (vector_width == 64 && memcmp(got.masks, given.masks, sizeof given.masks) != 0)
		strcat(changed, " masks");
	if (got.x87 != given.x87)
		strcat(changed, " x87");
	printf("changed over %s:%s, %d vectors\n", what, changed, different);
}

#define CALL(function, ...) call_one(#function, (void *)(function), (uint64_t[6]){__VA_ARGS__})

static long call_one(const char *name, void *function, const uint64_t arguments[6])
{
	target = function;
	fill(arguments);
	call_with_registers();
	report(name);
	return (long)got.general[RAX];
}

static void find_vectors(void)
{
	unsigned a, b, c, d, low, high;

	vector_width = 16;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & 6) != 6 || !(c & bit_AVX))
		return;
	vector_width = 32;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) && (b & bit_AVX512BW) && (low & 0xe6) == 0xe6)
		vector_width = 64;
}

#define ANY ~0ul

int main(int argc, char **argv)
{
	static char buffer[64];
	static struct stat status;
	static sigset_t set;
	struct iovec part = {buffer, 4};

	all = argc > 1 && strcmp(argv[1], "all") == 0;
	find_vectors();
	printf("getpid: %d\n", CALL(getpid, ANY, ANY, ANY, ANY, ANY, ANY) == getpid());
	int fd = CALL(open, (uint64_t)"file", O_RDWR | O_CREAT, 0600, ANY, ANY, ANY);
	printf("open: %d\n", fd);
	printf("openat: %ld\n", CALL(openat, (uint64_t)AT_FDCWD, (uint64_t)"missing", O_RDONLY, ANY, ANY, ANY) & 0xffffffff);
	printf("write: %ld\n", CALL(write, fd, (uint64_t) "12345678", 8, ANY, ANY, ANY));
	printf("writev: %ld\n", CALL(writev, fd, (uint64_t)&part, 1, ANY, ANY, ANY));
	printf("lseek: %ld\n", CALL(lseek, fd, 2, SEEK_SET, ANY, ANY, ANY));
	printf("read: %ld\n", CALL(read, fd, (uint64_t)buffer, 3, ANY, ANY, ANY));
	printf("pread: %ld\n", CALL(pread, fd, (uint64_t)buffer, 3, 1, ANY, ANY));
	printf("pwrite: %ld\n", CALL(pwrite, fd, (uint64_t)buffer, 3, 20, ANY, ANY));
	printf("fcntl: %ld\n", CALL(fcntl, fd, F_GETFD, 0, ANY, ANY, ANY));
	printf("fstat: %ld\n", CALL(fstat, fd, (uint64_t)&status, ANY, ANY, ANY, ANY));
	printf("stat: %ld\n", CALL(stat, (uint64_t)"file", (uint64_t)&status, ANY, ANY, ANY, ANY));
	printf("access: %ld\n", CALL(access, (uint64_t)"file", R_OK, ANY, ANY, ANY, ANY));
	printf("dup: %ld\n", CALL(dup, fd, ANY, ANY, ANY, ANY, ANY));
	printf("close: %ld\n", CALL(close, fd, ANY, ANY, ANY, ANY, ANY));
	printf("close again: %d\n", (int)CALL(close, fd, ANY, ANY, ANY, ANY, ANY));
	printf("mmap: %d\n", CALL(mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, ANY & 0xffffffff, 0) > 4096);
	printf("mkdir: %ld\n", CALL(mkdir, (uint64_t)"folder", 0700, ANY, ANY, ANY, ANY));
	printf("unlink: %d\n", (int)CALL(unlink, (uint64_t)"nothing", ANY, ANY, ANY, ANY, ANY));
	printf("kill: %ld\n", CALL(kill, getpid(), 0, ANY, ANY, ANY, ANY));
	printf("sigprocmask: %ld\n", CALL(sigprocmask, SIG_BLOCK, 0, (uint64_t)&set, ANY, ANY, ANY));
	printf("syscall: %d\n", CALL(syscall, 39, ANY, ANY, ANY, ANY, ANY) == getpid());
	printf("done\n");
	return 0;
}
