/* int program_copy(void *to, const void *from, size_t n): small copies without a loop; see copy.h for what a fault does. */
	.text
	.p2align 4
	.globl program_copy, program_copy_end, program_copy_failed
	.hidden program_copy, program_copy_end, program_copy_failed
	.type program_copy, @function
program_copy:
	.cfi_startproc
	cmpq $16, %rdx
	ja 4f
	cmpl $8, %edx
	jae 3f
	cmpl $4, %edx
	jae 2f
	testl %edx, %edx
	jz 1f
	/* one to three: the first, the middle and the last, which may be the same */
	movzbl (%rsi), %eax
	movzbl -1(%rsi, %rdx), %ecx
	movl %edx, %r8d
	shrl %r8d
	movzbl (%rsi, %r8), %r9d
	movb %al, (%rdi)
	movb %r9b, (%rdi, %r8)
	movb %cl, -1(%rdi, %rdx)
1:	xorl %eax, %eax
	ret
2:	movl (%rsi), %eax
	movl -4(%rsi, %rdx), %ecx
	movl %eax, (%rdi)
	movl %ecx, -4(%rdi, %rdx)
	xorl %eax, %eax
	ret
3:	movq (%rsi), %rax
	movq -8(%rsi, %rdx), %rcx
	movq %rax, (%rdi)
	movq %rcx, -8(%rdi, %rdx)
	xorl %eax, %eax
	ret
4:	cmpq $256, %rdx
	ja 6f
	/* the last eight first: they may overlap with the loop's */
	movq -8(%rsi, %rdx), %rcx
	movq %rcx, -8(%rdi, %rdx)
5:	movq (%rsi), %rax
	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	cmpq $8, %rdx
	ja 5b
	xorl %eax, %eax
	ret
6:	movq %rdx, %rcx
	rep movsb
	xorl %eax, %eax
	ret
program_copy_end:
program_copy_failed:
	movl $1, %eax
	ret
	.cfi_endproc
	.size program_copy, . - program_copy

	.section .note.GNU-stack, "", @progbits
