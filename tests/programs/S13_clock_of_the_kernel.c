/* The vDSO asks the kernel what time it is: where the kernel keeps time by something that it cannot read (a clock source of xen, hpet, acpi_pm), and from one moment to the next
 * where a counter becomes unsteady or a virtual machine moves. That call is made outside of the shim's text, also where the shim itself looks at the clock: in the gate, in its
 * handlers, where a trap kills, and under every call that it counts. Here a parent changes its child's vDSO: before the first burst; in the middle of one, before the age
 * of what is buffered, a fatal signal, or a stop is met; and in each of many, to which a signal comes while its first burst begins. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <elf.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/time.h>

static int file;

static volatile const unsigned char *vdso_clock(void)
{
	static const char wanted[] = "__vdso_clock_gettime";
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const void *)vdso;
	const Elf64_Phdr *segments = (const void *)(vdso + header->e_phoff);
	const Elf64_Dyn *d = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;

	for (int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_DYNAMIC)
			d = (const void *)(vdso + segments[i].p_vaddr);
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			symbols = (const void *)(vdso + d->d_un.d_ptr);
		if (d->d_tag == DT_STRTAB)
			names = vdso + d->d_un.d_ptr;
	}
	/* The table of names stands behind that of symbols. */
	for (const Elf64_Sym *s = symbols; (const char *)s < names; s++)
		if (strcmp(names + s->st_name, wanted) == 0)
			return (const unsigned char *)vdso + s->st_value;
	die(wanted);
	return NULL;
}

/* mov $SYS_clock_gettime, %eax; syscall; ret */
static const unsigned char code[] = {0xb8, SYS_clock_gettime, 0, 0, 0, 0x0f, 0x05, 0xc3};

/* From now on a look at the clock in that process is a system call. */
static void change(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	int memory = open(path, O_WRONLY);
	if (memory < 0 || pwrite(memory, code, sizeof code, (off_t)(uintptr_t)vdso_clock()) != sizeof code)
		die(path);
	close(memory);
}

static long loops;

static void loop(long times)
{
	for (volatile long i = 0; i < times; i++)
		;
}

/* Three times the age that a buffered byte reaches, by no clock and by no call. */
static void wait_without_a_clock(void)
{
	loop(loops);
}

static void measure(void)
{
	enum { PART = 1000000 };
	long long began = nanoseconds();

	loop(PART);
	loops = (long)(60000000.0 / (double)(nanoseconds() - began) * PART);
	loops = loops > PART ? loops : PART;
}

/* The parent changes us; we are told by a byte. */
static int told[2], asked[2];

static void be_changed(void)
{
	char byte = 'c';

	if (write(asked[1], &byte, 1) != 1 || read(told[0], &byte, 1) != 1)
		_exit(92);
}

static void before_a_burst(void)
{
	be_changed();
	for (int i = 0; i < 20; i++)
		burst(file, "before", i * 100, i * 100 + 100);
}

static void until_it_is_old(void)
{
	burst(file, "old", 0, 300);
	be_changed();
	burst(file, "old", 300, 600);
	wait_without_a_clock();
	burst(file, "old", 600, 900);
	getppid();
	burst(file, "old", 900, 1000);
}

/* The clock is first looked at by whoever comes: no call of ours passes the gate between the change and the end. */
static void spin_until_changed(void)
{
	volatile const unsigned char *clock = vdso_clock();
	char byte = 'c';

	if (write(asked[1], &byte, 1) != 1)
		_exit(92);
	burst(file, "spun", 0, 300);
	while (clock[0] != code[0])
		;
}

static void age_meets_it(void)
{
	spin_until_changed();
	wait_without_a_clock();
	burst(file, "spun", 300, 400);
}

static void signal_ends_it(void)
{
	spin_until_changed();
	__builtin_trap();
}

static void kept_by_a_handler(int number)
{
	(void)number;
	burst(file, "handler", 0, 50);
}

static void handler_looks_too(void)
{
	struct itimerval often = {{0, 300}, {0, 300}};

	be_changed();
	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 200; i++) {
		nanoseconds();
		burst(file, "looks", i * 10, i * 10 + 10);
	}
	signal(SIGUSR1, kept_by_a_handler);
	raise(SIGUSR1);
}

/* A child, which is changed when it asks for it, and told. */
static pid_t start(void (*body)(void), int later)
{
	char byte;

	pid_t pid = fork();
	if (pid == 0) {
		body();
		_exit(7);
	}
	if (read(asked[0], &byte, 1) != 1)
		die("read");
	if (later)
		usleep(3000);
	change(pid);
	if (write(told[1], &byte, 1) != 1)
		die("write");
	return pid;
}

static void run(const char *name, void (*body)(void), int later)
{
	int status;

	who = name;
	file = create("lines");
	if (pipe(told) < 0 || pipe(asked) < 0)
		die("pipe");
	fflush(stdout);
	pid_t pid = start(body, later);
	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	printf("%s: status %#x\n", name, status & 0xff7f);
	tell(strcat(strcpy((char[64]){0}, name), ".lines"));
	close(file);
	close(told[0]), close(told[1]), close(asked[0]), close(asked[1]);
}

static void until_it_is_ended(void)
{
	be_changed();
	burst(file, "begun", 0, 300);
	for (;;)
		pause();
}

static void note(int number)
{
	(void)number;
	getppid();
}

static void until_it_is_told(void)
{
	signal(SIGUSR1, note);
	until_it_is_ended();
}

/* A signal, at another moment of its first burst in each child: at one of them dispatch is just beginning. */
static void signals_come_early(const char *name, void (*body)(void), int number)
{
	enum { CHILDREN = 200, STEP = 3000 /* ns */ };
	int status, others = 0;

	who = name;
	file = create("lines");
	/* How far they come is never the same. */
	if (unlink(strcat(strcpy((char[64]){0}, name), ".lines")) < 0)
		die(name);
	fflush(stdout);
	for (int i = 0; i < CHILDREN; i++) {
		/* NB: its own. Who is ended before it has been told leaves its byte, and the next one would look at the clock while that is changed. */
		if (pipe(told) < 0 || pipe(asked) < 0)
			die("pipe");
		pid_t pid = start(body, 0);
		spin(i * STEP);
		for (int k = 0; number != SIGTERM && k < 20; k++)
			kill(pid, number);
		kill(pid, SIGTERM);
		if (waitpid(pid, &status, 0) != pid)
			die("wait");
		others += status != SIGTERM;
		close(told[0]), close(told[1]), close(asked[0]), close(asked[1]);
	}
	printf("%s: %d have another status\n", name, others);
	close(file);
}

int main(void)
{
	measure();
	run("first", before_a_burst, 0);
	run("old", until_it_is_old, 0);
	run("age", age_meets_it, 1);
	run("trap", signal_ends_it, 1);
	run("handler", handler_looks_too, 0);
	signals_come_early("ended", until_it_is_ended, SIGTERM);
	signals_come_early("told", until_it_is_told, SIGUSR1);
	return 0;
}
