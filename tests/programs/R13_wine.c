/* A program that turns to dispatch itself after libc has been rewritten, in the way of Wine: libc's own code is allowed to call the kernel,
 * everything else leads to its handler. libc's calls then go to the kernel from libc's own text as if nobody had ever been there: were
 * one still made somewhere else, the handler would be called for it. Inline calls are seen by the handler, each once. The fork of such a
 * program, and its exec, are allowed too, and the next image coalesces again. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <link.h>
#include <sys/prctl.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static int file;
static volatile char selector;
static volatile int seen, from_elsewhere;
static uintptr_t start, size;
extern const char inline_there[] __asm__("inline_there");

/* The one place from which the handler is to be called */
static __attribute__((noinline)) long call_inline(long number, long a, long b, long c)
{
	__asm__ volatile("syscall\n.globl inline_there\ninline_there:" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

static void on_sys(int number, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number;
	seen++;
	from_elsewhere += info->si_call_addr != inline_there;
	selector = 0;
	/* made by libc: allowed */
	long result = syscall(info->si_syscall, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
	r[REG_RAX] = result < 0 ? -errno : result;
	selector = 1;
}

static int find_libc(struct dl_phdr_info *info, size_t unused, void *function)
{
	(void)unused;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X && (uintptr_t)function - at < info->dlpi_phdr[i].p_memsz) {
			start = at;
			size = info->dlpi_phdr[i].p_memsz;
			return 1;
		}
	}
	return 0;
}

static void check(const char *what, long got)
{
	selector = 0;
	printf("%s: %ld, handler called %d times, from elsewhere %d\n", what, got, seen, from_elsewhere);
	fflush(stdout);
	seen = from_elsewhere = 0;
	selector = 1;
}

static void body(const void *unused)
{
	struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	char text[160];
	int status;

	(void)unused;
	file = create("lines");
	burst(file, "main", 0, 500);
	sigaction(SIGSYS, &action, NULL);
	/* the real function, whichever name was interposed */
	dl_iterate_phdr(find_libc, (void *)(uintptr_t)&strtol);
	if (!size || prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, start, size, &selector)) {
		puts("the kernel has no syscall user dispatch");
		exit(77);
	}
	selector = 1;
	check("getppid", getppid() > 0);
	check("inline", call_inline(SYS_getppid, 0, 0, 0) == getppid());
	burst(file, "main", 500, 1000);
	check("burst", 0);
	for (int i = 0; i < 200; i++) {
		int length = line(text, "inline", i);
		call_inline(SYS_write, file, (long)text, length);
	}
	check("inline burst", 0);
	check("open", open("nowhere/at/all", O_RDONLY));
	check("malloc", malloc(1 << 24) != NULL);
	FILE *f = fopen("/proc/self/comm", "r");
	check("stdio", f && fgets(text, sizeof text, f) && fclose(f) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		/* dispatch is not inherited */
		selector = 0;
		burst(file, "child", 0, 500);
		fflush(stdout);
		dup2(file, 5);
		execl("/proc/self/exe", "R13", "executed", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	check("fork", status);
	burst(file, "main", 1000, 1500);
	check("burst", 0);
	prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
	signal(SIGSYS, SIG_DFL);
	burst(file, "off", 0, 500);
	close(file);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		burst(5, "executed", 0, 500);
		_exit(3);
	}
	in_both(body, NULL);
	puts("done");
	return 0;
}
