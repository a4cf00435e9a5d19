/* The interposed names on x86-64: each is a tail jump to where its row says, so no frame of ours stands between a program and its libc.
 * A row is {jump, next}, zero until the constructor has run: then the C fallback makes the call. The names and their order come from
 * names.def. */
#define OTHER(...)
#define WATCHED(...)
#define NAME(symbol, ...) THUNK symbol
#define LIBC NAME
#define MADE NAME
#define EXEC NAME

	.set thunk_row, 0
	.macro THUNK symbol
	.p2align 4
	.globl \symbol
	.type \symbol, @function
\symbol:
	.cfi_startproc
	movq interpose_rows + 16 * thunk_row(%rip), %r11
	testq %r11, %r11
	jz fallback_\symbol
	jmp *%r11
	.cfi_endproc
	.size \symbol, . - \symbol
	.set thunk_row, thunk_row + 1
	.endm

	.text
#include "../names.def"

/* syscall(number, ...): calls after which a child may stand on the caller's stack, and rt_sigreturn, which works on it, get no frame
 * of ours in any case. */
	.p2align 4
	.globl syscall
	.type syscall, @function
syscall:
	.cfi_startproc
	movq interpose_syscall(%rip), %r11
	testq %r11, %r11
	jnz 1f
	movq interpose_syscall + 8(%rip), %r11
	testq %r11, %r11
	jz fallback_syscall
	cmpl $15, %edi
	je 1f
	cmpl $56, %edi
	je 1f
	cmpl $58, %edi
	je 1f
	cmpl $435, %edi
	je 1f
	jmp fallback_syscall
1:	jmp *%r11
	.cfi_endproc
	.size syscall, . - syscall

	.section .note.GNU-stack, "", @progbits
