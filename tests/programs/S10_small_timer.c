/* One-byte writes, by libc and by instructions of the program's own, under timers of 100 us: of the process, directed at the thread, and
 * many at once. SIGSYS is not queued, so a trapped call that is displaced by another SIGSYS is skipped by the kernel, and a timer's signal
 * mistaken for a trapped call makes it twice: the file's size and each of its bytes are exact. Then SIGSYS itself, from a timer and from
 * another process, to a program that comes to handle it in the middle. */
/* variants: quiet stats interpose batch1 batch7 batch4096 latency1 */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <sys/time.h>

enum { BYTES = 12000 };

static int file;
static volatile int handled, written;

static void handle(int number)
{
	(void)number;
	handled++;
}

static void catch(int number, int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static char byte_of(int i)
{
	return (char)(i % 251);
}

/* Byte i by libc, and each `inlined`-th by an instruction of ours; every call says that it wrote one. */
static void drip(int inlined, int count)
{
	for (int i = 0; i < count; i++, written++) {
		char byte = byte_of(written);
		long done = inlined && i % inlined == 0 ? inline_call(SYS_write, file, (long)&byte, 1, 0) : write(file, &byte, 1);
		if (done != 1) {
			printf("byte %d: %ld\n", written, done);
			return;
		}
	}
}

static void judge(const char *what)
{
	char path[64];
	int wrong = 0, size = 0, byte;

	snprintf(path, sizeof path, "%s.bytes", who);
	FILE *f = fopen(path, "r");
	for (; (byte = getc(f)) != EOF; size++)
		wrong += (char)byte != byte_of(size);
	fclose(f);
	/* How many it took until enough signals had come is not the same everywhere. */
	if (size != written || wrong)
		printf("%d of %d bytes, wrong %d, ", size, written, wrong);
	printf("%s: %s\n", what, handled ? "signals came" : "no signal came");
	fflush(stdout);
	unlink(path);
	close(file);
}

static void begin(void)
{
	file = create("bytes");
	written = handled = 0;
}

static timer_t directed(int number)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = number};
	struct itimerspec often = {{0, 100000}, {0, 100000}};
	timer_t timer;

	event._sigev_un._tid = getpid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("timer_create");
	timer_settime(timer, 0, &often, NULL);
	return timer;
}

/* Enough of them on every machine: until signals have come, too. */
static void drip_under_signals(int inlined)
{
	drip(inlined, BYTES / 2);
	while (handled < 20)
		drip(inlined, 64);
	drip(inlined, BYTES / 2);
}

static void by_process_timer(const void *inlined)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};

	begin();
	catch(SIGALRM, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	drip_under_signals(*(const int *)inlined);
	setitimer(ITIMER_REAL, &never, NULL);
	judge("setitimer");
}

static void by_directed_timer(const void *inlined)
{
	begin();
	catch(SIGUSR1, 0);
	timer_t timer = directed(SIGUSR1);
	drip_under_signals(*(const int *)inlined);
	timer_delete(timer);
	judge("thread's timer");
}

static void by_many_timers(const void *inlined)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
	timer_t timers[3];

	begin();
	catch(SIGALRM, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 3; i++) {
		catch(SIGRTMIN + i, i % 2 ? SA_RESTART : 0);
		timers[i] = directed(SIGRTMIN + i);
	}
	drip_under_signals(*(const int *)inlined);
	for (int i = 0; i < 3; i++)
		timer_delete(timers[i]);
	setitimer(ITIMER_REAL, &never, NULL);
	judge("four timers");
}

/* SIGSYS from a timer of our own, and from outside. The handler comes when a burst is on. */
static void by_sigsys_timer(const void *inlined)
{
	begin();
	drip(0, 2000);
	catch(SIGSYS, SA_RESTART);
	drip(*(const int *)inlined, 100);
	timer_t timer = directed(SIGSYS);
	drip_under_signals(*(const int *)inlined);
	timer_delete(timer);
	drip(*(const int *)inlined, 2000);
	judge("SIGSYS by a timer");
	signal(SIGSYS, SIG_DFL);
}

static void by_sigsys_from_outside(const void *inlined)
{
	pid_t self = getpid(), pid;
	int ends[2], status;

	begin();
	if (pipe(ends))
		die("pipe");
	pid = fork();
	if (pid == 0) {
		char byte;
		close(ends[1]);
		/* until it is handled; then every 100 us or so, to the thread and to the process in turn */
		if (read(ends[0], &byte, 1) != 1)
			_exit(1);
		for (int i = 0; syscall(SYS_tgkill, self, self, SIGSYS) == 0; i++, usleep(50))
			if (i % 2)
				kill(self, SIGSYS);
		_exit(2);
	}
	close(ends[0]);
	drip(0, 2000);
	catch(SIGSYS, SA_RESTART);
	drip(*(const int *)inlined, 100);
	if (write(ends[1], "g", 1) != 1)
		die("write");
	drip_under_signals(*(const int *)inlined);
	close(ends[1]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	signal(SIGSYS, SIG_DFL);
	drip(*(const int *)inlined, 2000);
	judge("SIGSYS from outside");
}

/* It is ignored, and comes while calls are trapped; then it kills, wherever the burst is. */
static void killed(const void *unused)
{
	pid_t self = getpid(), pid;

	(void)unused;
	begin();
	drip(9, 2000);
	pid = fork();
	if (pid == 0) {
		/* NB: more than once: one that comes while another of its number is pending is dropped by the kernel, and ours may be that one. */
		do
			usleep(2000);
		while (syscall(SYS_tgkill, self, self, SIGSYS) == 0);
		_exit(0);
	}
	for (int i = 0; i < 10000000; i++) {
		drip(9, 1);
		if (i > 5000)
			spin(1000);
	}
}

int main(void)
{
	static const int often[] = {0, 1, 9};

	for (int i = 0; i < 3; i++) {
		in_both(by_process_timer, &often[i]);
		in_both(by_directed_timer, &often[i]);
		in_both(by_many_timers, &often[i]);
	}
	printf("killed: status %#x\n", in_child(killed, NULL));
	unlink("first.bytes");
	unlink("child.bytes");
	for (int i = 0; i < 3; i++) {
		/* each in children: who handles SIGSYS is let go with all its family */
		printf("status %#x\n", in_child(by_sigsys_timer, &often[i]));
		printf("status %#x\n", in_child(by_sigsys_from_outside, &often[i]));
	}
	in_both(by_sigsys_timer, &often[2]);
	in_both(by_sigsys_from_outside, &often[2]);
	puts("done");
	return 0;
}
