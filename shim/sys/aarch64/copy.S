/* int program_copy(void *to, const void *from, size_t n): see copy.h for what a fault does. */
	.text
	.p2align 4
	.globl program_copy, program_copy_end, program_copy_failed
	.hidden program_copy, program_copy_end, program_copy_failed
	.type program_copy, %function
program_copy:
	.cfi_startproc
1:	subs x2, x2, #8
	b.lo 2f
	ldr x3, [x1], #8
	str x3, [x0], #8
	b 1b
2:	adds x2, x2, #8
	b.eq 4f
3:	ldrb w3, [x1], #1
	strb w3, [x0], #1
	subs x2, x2, #1
	b.ne 3b
4:	mov w0, wzr
	ret
program_copy_end:
program_copy_failed:
	mov w0, #1
	ret
	.cfi_endproc
	.size program_copy, . - program_copy

	.section .note.GNU-stack, "", %progbits
