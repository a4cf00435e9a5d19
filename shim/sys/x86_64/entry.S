/* The ways into and out of the gate on x86-64, and the two doors into the kernel.
 *
 * A rewritten site of libc jumps to a *slot*. A slot is two instructions of this object's own text: it loads the address of its row
 * in the table of sites into r11 and goes on. No code is ever generated, so no page is ever writable and executable, and every
 * instruction but the first of a slot has unwind rules: the frame's CFA is the site's stack pointer, its return address is the byte
 * behind the site's `syscall` (struct site in sites.h).
 *
 * Rules: rcx and r11 are free, because `syscall` itself destroys them; every other register but rax keeps its value; the 128 bytes
 * below the stack pointer belong to the site (red zone); the gate is C for general registers only, so vector registers are never
 * touched; the direction flag and the alignment check flag are cleared for C and put back.
 *
 * Three banks of slots:
 *   tail     the site's `syscall` was replaced; the instruction behind it (cmp or ret) is executed by the row's tail;
 *   before   the `mov $number,%eax` in front was replaced, `syscall` is jumped over: the number comes from the row;
 *   special  for vfork, clone, clone3 and libc's syscall(): calls after which a child may run on this stack, or on another one.
 *            Nothing of ours stands on the stack while the kernel is entered, and the entry is the slot's own. */

#define SITE_SIZE 40
#define SITE_BACK 0
#define SITE_RESUME 8
#define SITE_TAIL 16
#define SITE_KERNEL 24
#define SITE_NUMBER 32
#define SITE_LOOKED 36

/* struct process and struct counter; gate.c asserts them */
#define CALL_LIMIT 512
#define PROCESS_THREADS 8
#define PROCESS_RUN 40
#define PROCESS_QUICK 48
#define PROCESS_COUNTERS 80240
#define COUNTER_SHIFT 5
#define COUNTER_ERRORS 8
#define COUNTER_BYTES 16
#define QUICK_COUNT 6
#define QUICK_BYTES 7

/* The site of glibc's cancellation, as forms.c knows it: so far in front of its `syscall` it looks whether the thread is cancelled, by this bit of its flags at (%rdi). */
#define CANCEL_LOOK 42
#define CANCELED 8

#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000

#define TAIL_SLOTS 704
#define BEFORE_SLOTS 128
#define SPECIAL_SLOTS 160

	.macro HIDDEN name
	.globl \name
	.hidden \name
	.type \name, @function
\name:
	.endm

	/* return address saved at [r11 + SITE_BACK]: DW_CFA_expression, register 16, one operator of two bytes: DW_OP_breg11 0 */
	.macro RETURN_ADDRESS_IN_ROW
	.cfi_escape 0x10, 16, 2, 0x7b, 0
	.endm

	.macro BEGIN_FRAME
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	RETURN_ADDRESS_IN_ROW
	.endm

	.text

/* long kernel_call(const struct call *), long raw_call(number, a, b, c, d, e, f) */
	.p2align 4
HIDDEN kernel_call
	.cfi_startproc
	movq 0(%rdi), %rax
	movq 16(%rdi), %rsi
	movq 24(%rdi), %rdx
	movq 32(%rdi), %r10
	movq 40(%rdi), %r8
	movq 48(%rdi), %r9
	movq 8(%rdi), %rdi
	syscall
	.globl kernel_call_return
	.hidden kernel_call_return
kernel_call_return:
	ret
	.cfi_endproc
	.size kernel_call, . - kernel_call

	.p2align 4
HIDDEN raw_call
	.cfi_startproc
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %r10
	movq %r9, %r8
	movq 8(%rsp), %r9
	syscall
	ret
	.cfi_endproc
	.size raw_call, . - raw_call

/* The restorer of our own signal handlers. Unwinders and debuggers know a signal frame by exactly these bytes
 * (libgcc config/i386/linux-unwind.h, gdb amd64-linux-tdep.c). */
	.p2align 4
	nop
HIDDEN signal_return
	movq $0xf, %rax
	syscall
	.size signal_return, . - signal_return

	/* NB: the rule is right behind each single instruction: a signal may come there, and its handler unwind (a thread that is cancelled does). */
	.macro PUSH registers:vararg
	.irp register, \registers
	pushq \register
	.cfi_adjust_cfa_offset 8
	.endr
	.endm

	.macro POP registers:vararg
	.irp register, \registers
	popq \register
	.cfi_adjust_cfa_offset -8
	.endr
	.endm

	/* A struct call with r11 and the flags above it, 72 bytes; and what is behind the number of one. */
	.macro PUSH_CALL
	PUSH %r11
	pushfq
	.cfi_adjust_cfa_offset 8
	PUSH %r9, %r8, %r10, %rdx, %rsi, %rdi, %rax
	/* C may change it, and vfork's caller stands there (glibc, vfork.S: the child must not find the return address overwritten). */
	.cfi_offset 5, -200
	.endm

	.macro POP_CALL
	POP %rdi
	.cfi_same_value 5
	POP %rsi, %rdx, %r10, %r8, %r9
	.endm

/* Saves what C may change as a struct call at the stack pointer: 80 bytes and the red zone. */
	.macro SAVE
	leaq -128(%rsp), %rsp
	.cfi_adjust_cfa_offset 128
	pushq SITE_BACK(%r11)
	.cfi_adjust_cfa_offset 8
	.cfi_offset 16, -136
	PUSH_CALL
	.endm

	/* C with an aligned stack, and with the direction and alignment check flags clear; rbx holds the struct call, its own value is on the stack */
	.macro CALL_C function
	movq %rsp, %rdi
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 3, -216
	movq %rsp, %rbx
	.cfi_def_cfa_register rbx
	andq $-16, %rsp
	testl $(FLAG_DIRECTION | FLAG_ALIGNMENT), 56(%rdi)
	jz 770f
	pushfq
	andl $~(FLAG_DIRECTION | FLAG_ALIGNMENT), (%rsp)
	popfq
770:
	call \function
	movq %rbx, %rsp
	.cfi_def_cfa_register rsp
	popq %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_same_value 3
	.endm

	/* everything back but rax, which the caller of this macro has settled; r11 is the row */
	.macro RESTORE
	POP_CALL
	testl $(FLAG_DIRECTION | FLAG_ALIGNMENT), (%rsp)
	jz 771f
	pushq (%rsp)
	.cfi_adjust_cfa_offset 8
	popfq
	.cfi_adjust_cfa_offset -8
771:
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	popq %r11
	.cfi_adjust_cfa_offset -8
	leaq 136(%rsp), %rsp
	.cfi_adjust_cfa_offset -136
	RETURN_ADDRESS_IN_ROW
	.endm

/* The whole way of a call that only wants counting (enum quick), in a process with one thread: no C, and no `ret` behind the kernel, where
 * processors that guard against Spectre mispredict each. rax is the number, r11 the row; falls through where more is to be done. */
	.macro QUICK_WAY back, resume:vararg
	movl %eax, %eax
	movq process(%rip), %rcx
	testq %rcx, %rcx
	jz 79f
	cmpq $CALL_LIMIT, %rax
	jae 79f
	cmpb $QUICK_COUNT, PROCESS_QUICK(%rcx,%rax)
	jb 79f
	cmpl $0, PROCESS_THREADS(%rcx)
	jne 79f
	.cfi_remember_state
	leaq -128(%rsp), %rsp
	.cfi_adjust_cfa_offset 128
	pushq SITE_BACK(%r11) /* for unwinders that see no memory but the stack (perf) */
	.cfi_adjust_cfa_offset 8
	.cfi_offset 16, -136
	pushq %r11
	.cfi_adjust_cfa_offset 8
	movl $0, PROCESS_RUN(%rcx)
	xorl %r11d, %r11d
	cmpb $QUICK_BYTES, PROCESS_QUICK(%rcx,%rax)
	sete %r11b
	movq %rax, %rcx
	shlq $COUNTER_SHIFT, %rcx
	addq process(%rip), %rcx
	incq PROCESS_COUNTERS(%rcx)
	orq %r11, %rcx
	pushq %rcx /* the counter; its lowest bit: results are bytes */
	.cfi_adjust_cfa_offset 8
	syscall
	.globl \back
	.hidden \back
\back:
	popq %rcx
	.cfi_adjust_cfa_offset -8
	popq %r11
	.cfi_adjust_cfa_offset -8
	leaq 136(%rsp), %rsp
	.cfi_adjust_cfa_offset -136
	RETURN_ADDRESS_IN_ROW
	cmpq $-4095, %rax
	jae 77f
	testb $1, %cl
	jnz 78f
76:	\resume
77:	andb $0xfe, %cl
	incq PROCESS_COUNTERS + COUNTER_ERRORS(%rcx)
	jmp 76b
78:	testq %rax, %rax
	jle 76b
	addq %rax, PROCESS_COUNTERS + COUNTER_BYTES - 1(%rcx)
	jmp 76b
	.cfi_restore_state
79:
	.endm

	.p2align 4
	.type enter_before, @function
enter_before:
	BEGIN_FRAME
	movl SITE_NUMBER(%r11), %eax
	jmp enter
	.cfi_endproc
	.size enter_before, . - enter_before

	.p2align 4
	.type enter, @function
enter:
	BEGIN_FRAME
	QUICK_WAY quick_return, jmp leave
	SAVE
	CALL_C gate
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE
	/* The most frequent tail without a second indirect jump: behind a system call they are mispredicted. rcx is free. */
leave:
	leaq tail_cmp_rax_4096(%rip), %rcx
	cmpq %rcx, SITE_TAIL(%r11)
	jne 1f
	cmpq $-4096, %rax
	jmp *SITE_RESUME(%r11)
1:	jmp *SITE_TAIL(%r11)
	.cfi_endproc
	.size enter, . - enter

/* gate_look says in rdx whether the call is to be made where it stands (then it has only been looked at), else rax is its result. */
	.p2align 4
	.type enter_special, @function
enter_special:
	BEGIN_FRAME
	movslq SITE_NUMBER(%r11), %rcx
	cmpl $-1, %ecx
	je 1f
	movl %ecx, %eax
	jg 1f
	/* a site that loads it from its stack: the row has the complement of the displacement */
	notq %rcx
	movl (%rsp,%rcx), %eax
1:	QUICK_WAY quick_special_return, jmp *SITE_TAIL(%r11)
	SAVE
	CALL_C gate_look
	testl %edx, %edx
	jnz 2f
	.cfi_remember_state
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE
	jmp *SITE_TAIL(%r11)
2:	.cfi_restore_state
	popq %rax
	.cfi_adjust_cfa_offset -8
	RESTORE
	movl %eax, SITE_LOOKED(%r11)
	jmp *SITE_KERNEL(%r11)
	.cfi_endproc
	.size enter_special, . - enter_special

/* The parent's side (or a failure) of a special call: rax is the result, everything else stands as at the site. The number is the one that
 * gate_look was asked about; gate_left gives the result back. */
	.p2align 4
	.type leave_special, @function
leave_special:
	BEGIN_FRAME
	SAVE
	movq %rax, %rsi
	movl SITE_LOOKED(%r11), %eax
	movq %rax, (%rsp)
	CALL_C gate_left
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE
	jmp *SITE_TAIL(%r11)
	.cfi_endproc
	.size leave_special, . - leave_special

/* The site of glibc's cancellation (forms.c), in front of it: the kernel is entered there, at the instruction that the cancellation knows,
 * unless gate_look_cancel has the result already. What it must remember lies in the caller's two argument slots, 8 and 16(%rsp), which the
 * site has read and nobody reads again (glibc 2.41, syscall_cancel.S): the stack pointer stays what it is. */
	.p2align 4
	.type enter_cancel, @function
enter_cancel:
	BEGIN_FRAME
	SAVE
	leaq 208 + 8(%rsp), %rsi
	CALL_C gate_look_cancel
	testl %edx, %edx
	jnz 2f
	.cfi_remember_state
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE
	ret
2:	.cfi_restore_state
	popq %rax
	.cfi_adjust_cfa_offset -8
	RESTORE
	/* Cancelled meanwhile: libc's handler has found us here, where it takes the call for one that is not made yet and leaves it to the site's own look, which is over.
	 * What comes between these two instructions is still lost. */
	movq cancel_flags(%rip), %rcx
	testb $CANCELED, %fs:(%rcx)
	jnz 3f
	jmp *SITE_RESUME(%r11)
3:	movq %fs:0, %rdi
	addq %rcx, %rdi
	movq SITE_RESUME(%r11), %rcx
	subq $CANCEL_LOOK, %rcx
	jmp *%rcx
	.cfi_endproc
	.size enter_cancel, . - enter_cancel

/* And behind it. */
	.p2align 4
	.type leave_cancel, @function
leave_cancel:
	BEGIN_FRAME
	SAVE
	leaq 208 + 8(%rsp), %rsi
	CALL_C gate_left_cancel
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE
	ret
	.cfi_endproc
	.size leave_cancel, . - leave_cancel

/* A call of foreign code that dispatch has trapped: the handler of SIGSYS resumes here with the registers of the call, and with rcx and r11,
 * which the call destroys anyway, holding the address behind its `syscall`. So it passes the gate outside of the handler, signals open,
 * like a rewritten site. Where it must be executed where it stands we go back two bytes instead; the selector has been set for that. */
	.p2align 4
HIDDEN dispatched
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	.cfi_register 16, 2
	leaq -128(%rsp), %rsp
	.cfi_adjust_cfa_offset 128
	pushq %rcx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 16, -136
	PUSH_CALL
	CALL_C gate_dispatched
	testl %edx, %edx
	jnz 1f
	.cfi_remember_state
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	jmp 2f
1:	.cfi_restore_state
	popq %rax
	.cfi_adjust_cfa_offset -8
	subq $2, 64(%rsp)
2:	POP_CALL
	movq (%rsp), %r11
	popfq
	.cfi_adjust_cfa_offset -8
	leaq 8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	popq %rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register 16, 2
	leaq 128(%rsp), %rsp
	.cfi_adjust_cfa_offset -128
	jmp *%rcx
	.cfi_endproc
	.size dispatched, . - dispatched

/* The program's rt_sigreturn, trapped: rsp is at its frame, and no register matters any more. */
	.p2align 4
HIDDEN dispatched_sigreturn
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	.cfi_undefined 16
	movq %rsp, %rdi
	movq %rsp, %rbx
	.cfi_def_cfa_register rbx
	leaq -128(%rsp), %rsp
	andq $-16, %rsp
	pushfq
	andl $~(FLAG_DIRECTION | FLAG_ALIGNMENT), (%rsp)
	popfq
	call gate_sigreturn
	movq %rbx, %rsp
	.cfi_def_cfa_register rsp
	movl $15, %eax
	syscall
	hlt
	.cfi_endproc
	.size dispatched_sigreturn, . - dispatched_sigreturn

/* The tails: the instruction that stood behind the replaced `syscall`, then on to what follows it. */
	.macro TAIL name, instruction:vararg
	.p2align 3
HIDDEN \name
	BEGIN_FRAME
	\instruction
	jmp *SITE_RESUME(%r11)
	.cfi_endproc
	.size \name, . - \name
	.endm

	TAIL tail_plain
	TAIL tail_cmp_rax_4095, cmpq $-4095, %rax
	TAIL tail_cmp_rax_4096, cmpq $-4096, %rax
	TAIL tail_cmp_eax_4095, cmpl $-4095, %eax
	TAIL tail_cmp_eax_4096, cmpl $-4096, %eax
	.p2align 3
HIDDEN tail_ret
	BEGIN_FRAME
	ret
	.cfi_endproc
	.size tail_ret, . - tail_ret

/* The banks. The first instruction of a slot is the one place without a return address. */
	.macro SLOT table, index, entry
	.p2align 4
	.cfi_undefined 16
	leaq \table + SITE_SIZE * \index(%rip), %r11
	RETURN_ADDRESS_IN_ROW
	jmp \entry
	.endm

	.altmacro
	.macro BANK name, table, count, entry
	.p2align 4
HIDDEN \name
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	.set slot_index, 0
	.rept \count
	SLOT \table, %slot_index, \entry
	.set slot_index, slot_index + 1
	.endr
	.cfi_endproc
	.size \name, . - \name
	.endm

	BANK slots_tail, sites_tail, TAIL_SLOTS, enter
	BANK slots_before, sites_before, BEFORE_SLOTS, enter_before
	BANK slots_special, sites_special, SPECIAL_SLOTS, enter_special

/* The two slots of the site of cancellation; the first executes what it stands in place of. */
	.p2align 4
HIDDEN slot_cancel
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	.cfi_undefined 16
	movq %r11, 8(%rsp)
	leaq site_cancel(%rip), %r11
	RETURN_ADDRESS_IN_ROW
	/* Where the thread's flags are: as far behind the thread pointer in every thread. */
	movq 8(%rsp), %rcx
	subq %fs:0, %rcx
	cmpq %rcx, cancel_flags(%rip)
	je enter_cancel
	movq %rcx, cancel_flags(%rip)
	jmp enter_cancel
	.cfi_endproc
	.size slot_cancel, . - slot_cancel

	.p2align 4
HIDDEN slot_cancelled
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	.cfi_undefined 16
	leaq site_cancel(%rip), %r11
	RETURN_ADDRESS_IN_ROW
	jmp leave_cancel
	.cfi_endproc
	.size slot_cancelled, . - slot_cancelled

/* Where special calls enter the kernel. A child has rax 0 and goes straight back: it may stand on our caller's stack (vfork) or on a
 * new one (clone), so nothing is pushed. Behind the instruction the row's address is gone until it is loaded again. */
	.macro KERNEL_DOOR index
	.p2align 5
	syscall
	.cfi_undefined 16
	leaq sites_special + SITE_SIZE * \index(%rip), %r11
	RETURN_ADDRESS_IN_ROW
	testq %rax, %rax
	jnz leave_special
	jmp *SITE_TAIL(%r11)
	.endm

	.p2align 5
HIDDEN special_doors
	BEGIN_FRAME
	.set slot_index, 0
	.rept SPECIAL_SLOTS
	KERNEL_DOOR %slot_index
	.set slot_index, slot_index + 1
	.endr
	.cfi_endproc
	.size special_doors, . - special_doors

/* Zero until the constructor fills them: they need no relocation. */
	.bss
	.p2align 6
	.macro TABLE name, count
	.globl \name
	.hidden \name
	.type \name, @object
\name:
	.zero SITE_SIZE * \count
	.size \name, . - \name
	.endm
	TABLE sites_tail, TAIL_SLOTS
	TABLE sites_before, BEFORE_SLOTS
	TABLE sites_special, SPECIAL_SLOTS
	TABLE site_cancel, 1
	.local cancel_flags
	.comm cancel_flags, 8, 8

	.section .note.GNU-stack, "", @progbits
