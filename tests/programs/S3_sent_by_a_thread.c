/* S3: a thread that sends its own process a signal that ends it does not come back from the call, whichever thread would take it: so it has no time for an exit of its own, nor for another line. Where
 * all have blocked it, it does; and who waits for it gets it. */
/* variants: quiet record stats log */
/* timeout: 120 */
#include "burst.h"
#include <pthread.h>
#include <sys/syscall.h>

enum { TURNS = 80 };

static int way, said[2];

static void *sends(void *nothing)
{
	(void)nothing;
	usleep(300);
	switch (way) {
	case 0:
		kill(getpid(), SIGTERM);
		break;
	case 1:
		kill(0, SIGUSR1);
		break;
	case 2:
		raise(SIGHUP);
		break;
	default:
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0});
	}
	if (write(said[1], "on", 2) != 2)
		_exit(9);
	_exit(7);
}

static void computes(void)
{
	pthread_t thread;

	setpgid(0, 0);
	if (pthread_create(&thread, NULL, sends, NULL))
		_exit(8);
	for (;;)
		getppid();
}

static void *waits(void *set)
{
	int number = 0;

	sigwait(set, &number);
	return (void *)(long)number;
}

/* Blocked everywhere: it waits for who takes it. */
static void taken(void)
{
	pthread_t thread;
	sigset_t set;
	void *number;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&thread, NULL, waits, &set))
		die("thread");
	kill(getpid(), SIGTERM);
	pthread_join(thread, &number);
	kill(getpid(), SIGTERM);
	sigpending(&set);
	printf("taken: %ld, pending: %d\n", (long)number, sigismember(&set, SIGTERM));
	fflush(stdout);
	sigemptyset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	_exit(6);
}

int main(void)
{
	for (way = 0; way < 4; way++) {
		int ended[128] = {0}, status;
		if (pipe(said))
			die("pipe");
		for (int i = 0; i < TURNS; i++) {
			pid_t pid = fork();
			if (pid == 0)
				computes();
			if (waitpid(pid, &status, 0) != pid)
				die("waitpid");
			ended[status & 127]++;
		}
		close(said[1]);
		char text[2 * TURNS + 1];
		printf("way %d: %d of SIGTERM, %d of SIGUSR1, %d of SIGHUP, %d of SIGRTMIN + 1; %zd bytes said behind it\n", way, ended[SIGTERM], ended[SIGUSR1], ended[SIGHUP], ended[SIGRTMIN + 1],
		       read(said[0], text, sizeof text));
		close(said[0]);
	}
	fflush(stdout);
	if (fork() == 0)
		taken();
	int status;
	wait(&status);
	printf("then: %#x\n", (unsigned)status & 127);
	return 0;
}
