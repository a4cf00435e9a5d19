/* A shim lets go of coalescing in every way there is right while its timer ticks, 200 times at a random moment of the tick: whoever puts the
 * default of the timer's signal back before the last tick has gone is killed by it, one time in two hundred. Each is a process of its own:
 * it lives, its lines are all there, and SIGSYS is at its default and open. */
/* variants: quiet log record all interpose latency1 */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>

enum { ROUNDS = 200 };

static int file;

static void *writes(void *unused)
{
	burst(file, "thread", 0, 50);
	return unused;
}

static void by_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, writes, NULL))
		_exit(94);
	spin(300000);
	pthread_join(thread, NULL);
}

static void by_sigsys(void)
{
	signal(SIGSYS, SIG_IGN);
	burst(file, "ignores", 0, 50);
	signal(SIGSYS, SIG_DFL);
}

static void by_dispatch(void)
{
	prctl(59, 0, 0, 0, 0);
}

static void by_shared_memory(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void by_segment(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	void *at = id < 0 ? NULL : shmat(id, NULL, 0);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	burst(file, "attached", 0, at ? 50 : 50);
}

static void by_tracing(void)
{
	ptrace(PTRACE_PEEKDATA, getpid(), 0, 0); /* refused, but who asks is not as others are */
}

static void by_unsharing(void)
{
	unshare(CLONE_FILES);
}

static void by_small_stack(void)
{
	static char space[1 << 13];
	stack_t small = {.ss_sp = space, .ss_size = sizeof space};

	sigaltstack(&small, NULL);
}

static void by_one_shot(void)
{
	struct sigaction once = {.sa_handler = SIG_IGN, .sa_flags = SA_RESETHAND};

	sigaction(SIGUSR1, &once, NULL);
}

static void by_exec(void)
{
	dup2(file, 5);
	execl("/proc/self/exe", "R9", "executed", NULL);
	_exit(95);
}

static void by_failed_exec(void)
{
	execl("/nowhere/at/all", "nothing", NULL);
}

static void (*const ways[])(void) = {by_thread, by_sigsys, by_dispatch, by_shared_memory, by_segment, by_tracing, by_unsharing, by_small_stack,
				     by_one_shot, by_exec, by_failed_exec};

/* Ends with 0 when all is as it should be. */
static void one(int round)
{
	struct sigaction now;
	sigset_t mask;

	/* the burst goes on until a moment that no tick knows */
	long long length = round * 7919LL % 2000 * 1000;
	int lines = 0;
	for (long long end = nanoseconds() + length; lines < 40 || nanoseconds() < end; lines++) {
		burst(file, "main", lines, lines + 1);
		if (lines > 40)
			spin(5000);
	}
	ways[round % (sizeof ways / sizeof *ways)]();
	/* a tick that comes too late comes now */
	spin(1500000);
	burst(file, "behind", 0, 100);
	sigaction(SIGSYS, NULL, &now);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	if (now.sa_handler != SIG_DFL || sigismember(&mask, SIGSYS))
		_exit(96);
	char path[64];
	snprintf(path, sizeof path, "%s.lines", who);
	struct writers all = look(path);
	_exit(all.wrong || lines_of(&all, "main") != lines || lines_of(&all, "behind") != 100 ? 97 : 0);
}

int main(int argc, char **argv)
{
	int bad = 0, status;

	(void)argv;
	if (argc > 1) {
		spin(1500000);
		burst(5, "executed", 0, 100);
		return 0;
	}
	for (int round = 0; round < ROUNDS; round++) {
		file = create("lines");
		pid_t pid = fork();
		if (pid == 0)
			one(round);
		waitpid(pid, &status, 0);
		close(file);
		if (status && bad++ < 5)
			printf("round %d, way %d: status %#x\n", round, round % (int)(sizeof ways / sizeof *ways), status);
	}
	unlink("first.lines");
	/* And in the first process itself, the thread last. */
	for (unsigned i = 1; i <= sizeof ways / sizeof *ways; i++) {
		unsigned w = i % (sizeof ways / sizeof *ways);
		if (ways[w] == by_exec)
			continue;
		file = create("last");
		burst(file, "main", 0, 300);
		ways[w]();
		spin(1500000);
		burst(file, "behind", 0, 300);
		close(file);
	}
	printf("%d of %d ended badly\n", bad, ROUNDS);
	puts("done");
	return 0;
}
