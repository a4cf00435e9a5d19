/* The interposed names on aarch64: each is a tail jump to where its row says, so no frame of ours stands between a program and its libc.
 * A row is {jump, next}, zero until its name is first called. The names and their order come from names.def; see x86_64/thunks.S. */
#include <asm/unistd.h>

#define OTHER(...)
#define WATCHED(...)
#define NAME(symbol, ...) THUNK symbol, interpose_resolve_or_early
#define LIBC(symbol, ...) THUNK symbol, interpose_resolve
#define MADE LIBC
#define EXEC LIBC

	.set thunk_row, 0
/* A name is looked for at its first call: the resolver says where to, and the registers of the arguments and the stack are as at the call again. x16 and
 * x17 are nobody's between a caller and a function (AAPCS64, 6.1.1). */
	.macro THUNK symbol, resolver
	.p2align 4
	.globl \symbol
	.type \symbol, %function
\symbol:
	.cfi_startproc
	hint #34 /* bti c */
	adrp x16, interpose_rows + 16 * thunk_row
	ldr x17, [x16, #:lo12:interpose_rows + 16 * thunk_row]
	cbz x17, 1f
	br x17
1:	stp x29, x30, [sp, #-96]!
	.cfi_adjust_cfa_offset 96
	.cfi_offset 29, -96
	.cfi_offset 30, -88
	SAVE_ARGUMENTS
	add x0, x16, #:lo12:interpose_rows + 16 * thunk_row
	adrp x1, 2f
	add x1, x1, #:lo12:2f
	adrp x2, fallback_\symbol
	add x2, x2, #:lo12:fallback_\symbol
	bl \resolver
	mov x17, x0
	RESTORE_ARGUMENTS
	ldp x29, x30, [sp], #96
	.cfi_adjust_cfa_offset -96
	.cfi_restore 29
	.cfi_restore 30
	br x17
	.cfi_endproc
	.size \symbol, . - \symbol
	.pushsection .rodata
2:	.asciz "\symbol"
	.popsection
	.set thunk_row, thunk_row + 1
	.endm

	.macro SAVE_ARGUMENTS
	stp x0, x1, [sp, #16]
	stp x2, x3, [sp, #32]
	stp x4, x5, [sp, #48]
	stp x6, x7, [sp, #64]
	str x8, [sp, #80]
	.endm

	.macro RESTORE_ARGUMENTS
	ldp x0, x1, [sp, #16]
	ldp x2, x3, [sp, #32]
	ldp x4, x5, [sp, #48]
	ldp x6, x7, [sp, #64]
	ldr x8, [sp, #80]
	.endm

	.text
#include "../names.def"

/* syscall(number, ...): calls after which a child may stand on the caller's stack, and rt_sigreturn, which works on it, get no frame
 * of ours in any case. */
	.p2align 4
	.globl syscall
	.type syscall, %function
syscall:
	.cfi_startproc
	hint #34
	adrp x16, interpose_syscall
	add x16, x16, #:lo12:interpose_syscall
	ldr x17, [x16]
	cbnz x17, 1f
	ldr x17, [x16, #8]
	cbz x17, 2f
	cmp w0, #__NR_rt_sigreturn
	b.eq 1f
	cmp w0, #__NR_clone
	b.eq 1f
	cmp w0, #__NR_clone3
	b.eq 1f
2:	b fallback_syscall
1:	br x17
	.cfi_endproc
	.size syscall, . - syscall

	.section .note.GNU-stack, "", %progbits
