/* The two doors into the kernel on aarch64. Nothing of libc is rewritten on this processor, so there is no way in here: calls come by their names. */
	.macro HIDDEN name
	.globl \name
	.hidden \name
	.type \name, %function
\name:
	.endm

	.text

/* long kernel_call(const struct call *), long raw_call(number, a, b, c, d, e, f) */
	.p2align 4
HIDDEN kernel_call
	.cfi_startproc
	mov x9, x0
	ldr x8, [x9]
	ldp x0, x1, [x9, #8]
	ldp x2, x3, [x9, #24]
	ldp x4, x5, [x9, #40]
	svc #0
	.globl kernel_call_return
	.hidden kernel_call_return
kernel_call_return:
	ret
	.cfi_endproc
	.size kernel_call, . - kernel_call

	.p2align 4
HIDDEN raw_call
	.cfi_startproc
	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x3, x4
	mov x4, x5
	mov x5, x6
	svc #0
	ret
	.cfi_endproc
	.size raw_call, . - raw_call

/* The restorer of our own signal handlers. Unwinders and debuggers know a signal frame by exactly these instructions
 * (libgcc config/aarch64/linux-unwind.h, gdb aarch64-linux-tdep.c). */
	.p2align 4
	nop
HIDDEN signal_return
	mov x8, #139
	svc #0
	.size signal_return, . - signal_return

	.section .note.GNU-stack, "", %progbits
