/* A filter is put into a program that has just been executed, before its first instruction: it makes the system calls for it. So the exec could
 * be the program's own (a filter that stands cannot be taken away again when an exec fails). At the entry stand for a moment the two bytes of
 * a system call; registers, bytes, stack and mask are put back. */
#include "tracer.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4 /* Linux 4.17, linux/seccomp.h */
#endif

enum { USER_32 = 0x23 /* the code segment of a 32-bit program, arch/x86/include/asm/segment.h */, SECCOMP_32 = 354, PRCTL_32 = 172, GAP = 1024 };

struct target {
	int tid, is_32, stop; /* a SIGSTOP came meanwhile */
	struct user_regs_struct registers;
	long entry; /* what stands there */
	uint64_t sigmask;
	uint64_t room; /* on its stack */
};

/* struct sock_fprog, and of a 32-bit program. */
struct fprog {
	uint16_t length;
	uint64_t filter;
};
struct fprog_32 {
	uint16_t length;
	uint32_t filter;
};

/* To its next stop at a system call's beginning or end. Everything but SIGKILL and SIGSTOP is blocked there. */
static int step(struct target *t)
{
	int status;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, t->tid, 0, 0) != 0 || waitpid(t->tid, &status, __WALL) != t->tid || !WIFSTOPPED(status))
			return -ESRCH;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return 0;
		t->stop |= !(status >> 16) && WSTOPSIG(status) == SIGSTOP;
	}
}

/* Returns its result. */
static long make_call(struct target *t, long number, long number_32, const uint64_t arguments[5])
{
	struct user_regs_struct r = t->registers;
	const uint64_t *a = arguments;

	r.rax = (uint64_t)(t->is_32 ? number_32 : number);
	r.orig_rax = (uint64_t)-1; /* no call is to be made anew */
	if (t->is_32)
		r.rbx = a[0], r.rcx = a[1], r.rdx = a[2], r.rsi = a[3], r.rdi = a[4];
	else
		r.rdi = a[0], r.rsi = a[1], r.rdx = a[2], r.r10 = a[3], r.r8 = a[4];
	if (ptrace(PTRACE_SETREGS, t->tid, 0, &r) != 0 || step(t) != 0 || step(t) != 0 || ptrace(PTRACE_GETREGS, t->tid, 0, &r) != 0)
		return -ESRCH;
	return t->is_32 ? (int32_t)r.rax : (long)r.rax;
}

static long move(const struct target *t, long number, void *ours, size_t size)
{
	struct iovec here = {ours, size}, there = {(void *)(uintptr_t)t->room, size};

	return syscall(number, t->tid, &here, 1ul, &there, 1ul, 0ul) == (long)size ? 0 : -EFAULT;
}

static long install(struct target *t, uint64_t program)
{
	const uint64_t nothing_new[5] = {PR_SET_NO_NEW_PRIVS, 1};
	uint64_t filter[5] = {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program};
	long result = make_call(t, SYS_seccomp, SECCOMP_32, filter);

	if (result == -EINVAL) {
		filter[1] = 0;
		result = make_call(t, SYS_seccomp, SECCOMP_32, filter);
	}
	/* Without CAP_SYS_ADMIN it takes this promise (seccomp(2)). */
	if (result == -EACCES && make_call(t, SYS_prctl, PRCTL_32, nothing_new) == 0)
		result = make_call(t, SYS_seccomp, SECCOMP_32, filter);
	return result;
}

/* The filter and its description go to the stack, below what the program has there. */
static long install_on_stack(struct target *t)
{
	struct {
		union {
			struct fprog program;
			struct fprog_32 program_32;
		};
		struct sock_filter filter[FILTER_MOST];
	} ours, theirs;
	unsigned count = calls_filter(ours.filter);
	size_t size = offsetof(__typeof__(ours), filter) + count * sizeof ours.filter[0];

	t->room = (t->registers.rsp - GAP - sizeof ours) & ~15ull;
	if (t->is_32)
		ours.program_32 = (struct fprog_32){(uint16_t)count, (uint32_t)(t->room + offsetof(__typeof__(ours), filter))};
	else
		ours.program = (struct fprog){(uint16_t)count, t->room + offsetof(__typeof__(ours), filter)};
	long result = move(t, SYS_process_vm_readv, &theirs, size);
	if (!result)
		result = move(t, SYS_process_vm_writev, &ours, size);
	if (result)
		return result;
	result = install(t, t->room);
	long restored = move(t, SYS_process_vm_writev, &theirs, size);
	return result ? result : restored;
}

static long with_entry(struct target *t)
{
	static const unsigned char call_64[2] = {0x0f, 0x05}, call_32[2] = {0xcd, 0x80};
	long changed = t->entry;

	memcpy(&changed, t->is_32 ? call_32 : call_64, 2);
	if (ptrace(PTRACE_POKETEXT, t->tid, (void *)t->registers.rip, changed) != 0)
		return -errno;
	/* The first stop is the end of the exec itself. */
	long result = step(t);
	if (!result)
		result = install_on_stack(t);
	if (ptrace(PTRACE_POKETEXT, t->tid, (void *)t->registers.rip, t->entry) != 0 || ptrace(PTRACE_SETREGS, t->tid, 0, &t->registers) != 0)
		return -ESRCH;
	return result;
}

int inject_filter(int tid)
{
	struct target t = {.tid = tid};
	uint64_t all = ~0ull;

	if (ptrace(PTRACE_GETREGS, tid, 0, &t.registers) != 0 || ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof t.sigmask, &t.sigmask) != 0)
		return -errno;
	t.is_32 = t.registers.cs == USER_32;
	errno = 0;
	t.entry = ptrace(PTRACE_PEEKTEXT, tid, (void *)t.registers.rip, 0);
	if (errno || ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof all, &all) != 0)
		return -errno;
	long result = with_entry(&t);
	ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof t.sigmask, &t.sigmask);
	if (t.stop)
		syscall(SYS_tgkill, tid, tid, SIGSTOP);
	return (int)result;
}
