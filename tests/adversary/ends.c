/* Ends of every kind, limits, and what is done to all descriptors at once. */
#include "world.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

extern char **environ;

static struct {
	int slot, count;
} late;

static void writes_late(void)
{
	int fd = slot_number(late.slot);

	for (int i = 0; i < late.count; i++)
		if (!may_write(fd, 1) || write(fd, bytes_to_write(1), 1) != 1)
			break;
}

/* Something to be done at exit() or quick_exit(). */
void perform_late_exit(const int32_t *a)
{
	static int registered[2];
	int quick = (int)a[2] % 2;

	late.slot = (int)a[0];
	late.count = (int)a[1] % 40;
	if (!registered[quick]++)
		quick ? at_quick_exit(writes_late) : atexit(writes_late);
}

static void overflows(volatile char *above)
{
	char here[4096];

	here[0] = above[0];
	if (world.program)
		overflows(here);
}

/* Runs out of processor time of its own, without a call, and dies of it with what it has just written. */
static void spins(int virtual)
{
	struct itimerval soon = {{0, 0}, {0, 2000}};
	int fd = open("spun", O_WRONLY | O_CREAT | O_APPEND, 0644);

	for (int i = 0; i < 20; i++)
		if (write(fd, world.text + i, 1) != 1)
			_exit(97);
	setitimer(virtual ? ITIMER_VIRTUAL : ITIMER_PROF, &soon, NULL);
	for (int i = 0; i < 20; i++)
		if (write(fd, world.text + i, 1) != 1)
			_exit(97);
	for (;;)
		;
}

static void executes(int way)
{
	char fd_text[16];
	char *const arguments[] = {(char *)"adversary", (char *)"write", fd_text, (char *)"20", (char *)"2", NULL};
	int fd = 1;

	for (int i = 0; i < SLOTS; i++)
		if (slot_number(i) >= 0 && may_write(slot_number(i), 64))
			fd = slot_number(i);
	sprintf(fd_text, "%d", fd);
	CALL(way, SYS_execve, (long)"/proc/self/exe", (long)arguments, (long)environ);
}

static void *goes_on(void *unused)
{
	(void)unused;
	exit(44);
}

static void end_process(int variant, int way)
{
	static const int deadly[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT, SIGPIPE, SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGXCPU, SIGTRAP, 37, 64, SIGKILL};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	struct rlimit stack = {256 << 10, 256 << 10};
	int status = ending_status(), signal = deadly[(unsigned)variant / 32 % (sizeof deadly / sizeof *deadly)];

	world.can_jump = 0;
	switch (variant % 20) {
	case 0:
	case 1:
		exit(status);
	case 2:
	case 3:
		_exit(status);
	case 4:
		quick_exit(status);
	case 5:
		abort();
	case 6:
	case 7:
		sigaction(signal, &plain, NULL);
		raise(signal);
		break;
	case 8:
	case 9:
		kill(getpid(), signal);
		break;
	case 10:
		*(volatile int *)(uintptr_t)(variant & 32) = 1;
		break;
	case 11:
		__asm__ volatile("ud2");
		break;
	case 12:
		CALL(way, SYS_exit_group, status);
		break;
	case 13:
		CALL(way, SYS_exit, status);
		break;
	case 14:
		if (world.program->features & EXECUTES)
			executes(way);
		break;
	case 15:
		spins(variant & 32);
		break;
	case 16:
		if (world.program->features & THREADS) {
			pthread_t thread;
			if (pthread_create(&thread, NULL, goes_on, NULL) == 0)
				pthread_exit(NULL);
		}
		break;
	case 17:
		/* Each page of a stack that grows costs: a small one does. */
		if (variant & 32 && setrlimit(RLIMIT_STACK, &stack) == 0)
			overflows((volatile char *)&stack);
		break;
	default:
		/* returns from main */
		break;
	}
}

void perform_end(const int32_t *a)
{
	end_process((int)a[0], (int)a[1]);
	/* In a child that has survived: as if it had returned. */
	if (world.depth)
		_exit(ending_status());
	exit(ending_status());
}

void perform_limit(const int32_t *a)
{
	struct rlimit limit = {(rlim_t)a[0], RLIM_INFINITY};
	off_t at = lseek(slot_number((int)a[2]), 0, SEEK_CUR);

	/* Mostly in the middle of what the next bursts write. */
	if (a[1] & 192 && at >= 0)
		limit.rlim_cur = (rlim_t)at + (unsigned)a[1] / 256 % 200;
	if (a[1] % 4 == 3)
		limit.rlim_cur = RLIM_INFINITY;
	if (a[1] & 16)
		signal(SIGXFSZ, SIG_IGN);
	int result = a[1] & 32 ? (int)syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL) : setrlimit(RLIMIT_FSIZE, &limit);
	say("limit %ld = %d", (long)limit.rlim_cur, result ? -errno : 0);
}

/* Everything but descriptor 2, which is how the program tells. */
void perform_close_all(const int32_t *a)
{
	long result = 0;
	int how = (int)a[0] % 4;

	if (how == 0)
		result = CALL((int)a[1], __NR_close_range, 3, ~0u, 0);
	else if (how == 1)
		for (int i = 3; i < NUMBERS; i++)
			result += close(i) == 0;
	else if (how == 2)
		result = CALL((int)a[1], __NR_close_range, 3, 5, 0);
	else
		result = CALL((int)a[1], __NR_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
	for (int i = 3; i < NUMBERS && how != 3; i++)
		if (how != 2 || i < 6)
			number_closed(i);
	say("close all %d = %ld", how, result);
}
