/* The interposed names on x86-64: each is a tail jump to where its row says, so no frame of ours stands between a program and its libc.
 * A row is {jump, next}, zero until its name is first called: before the constructor has run, the C fallback makes the call. The names and their order come from
 * names.def. */
#include <asm/unistd.h>

#define OTHER(...)
#define WATCHED(...)
#define NAME(symbol, ...) THUNK symbol, interpose_resolve_or_early
#define LIBC(symbol, ...) THUNK symbol, interpose_resolve
#define MADE LIBC
#define EXEC LIBC

	.set thunk_row, 0
/* A name is looked for at its first call: the resolver says where to, and every register and the stack are as at the call again. rcx and r11
 * alone are not kept beyond, as by a system call. */
	.macro THUNK symbol, resolver
	.p2align 4
	.globl \symbol
	.type \symbol, @function
\symbol:
	.cfi_startproc
	movq interpose_rows + 16 * thunk_row(%rip), %r11
	testq %r11, %r11
	jz 1f
	jmp *%r11
1:	pushq %rax
	.cfi_adjust_cfa_offset 8
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	leaq interpose_rows + 16 * thunk_row(%rip), %rdi
	leaq 2f(%rip), %rax
	leaq fallback_\symbol(%rip), %rdx
	leaq \resolver(%rip), %r11
	call resolve
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	popq %rax
	.cfi_adjust_cfa_offset -8
	jmp *%r11
	.cfi_endproc
	.size \symbol, . - \symbol
	.pushsection .rodata
2:	.asciz "\symbol"
	.popsection
	.set thunk_row, thunk_row + 1
	.endm

	.text
/* rdi the row, rax the name, rdx the fallback, r11 the resolver; the target comes back in r11 */
	.p2align 4
	.type resolve, @function
resolve:
	.cfi_startproc
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rcx
	.cfi_adjust_cfa_offset 8
	pushq %r8
	.cfi_adjust_cfa_offset 8
	pushq %r9
	.cfi_adjust_cfa_offset 8
	pushq %r10
	.cfi_adjust_cfa_offset 8
	movq %rax, %rsi
	call *%r11
	movq %rax, %r11
	popq %r10
	.cfi_adjust_cfa_offset -8
	popq %r9
	.cfi_adjust_cfa_offset -8
	popq %r8
	.cfi_adjust_cfa_offset -8
	popq %rcx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size resolve, . - resolve

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
