/* A flood of signals of many kinds comes while calls of the program's own instructions are trapped, so that signals arrive in the trap's
 * handler and at its return: with handlers that nest (SA_NODEFER), that block everything, that write, that make trapped calls themselves.
 * Real-time signals are queued: each that was sent is handled, none is lost with a call that was not made, and the file is exact. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <sys/time.h>

enum { SENT = 1500, KINDS = 6, AT_ONCE = 24 /* sent and not yet handled: the stack must bear them when they nest */ };

static int file, noise, acknowledged[2];
static volatile int next_line, counted[KINDS], order_wrong, deepest, depth, traps_wrong;

static void handle(int number, siginfo_t *info, void *context)
{
	int kind = number - SIGRTMIN;

	(void)context;
	if (++depth > deepest)
		deepest = depth;
	if (kind >= 0 && kind < KINDS) {
		/* in their order, where they cannot nest */
		order_wrong += kind % 2 == 0 && info->si_value.sival_int != counted[kind];
		/* NB: one of its own kind may come in between. */
		__atomic_fetch_add(&counted[kind], 1, __ATOMIC_RELAXED);
	}
	if (inline_call(SYS_getppid, 0, 0, 0, 0) <= 0)
		traps_wrong++;
	if (inline_call(SYS_write, noise, (long)"n", 1, 0) != 1 || write(noise, "m", 1) != 1)
		traps_wrong++;
	if (kind >= 0 && kind < KINDS && inline_call(SYS_write, acknowledged[1], (long)"a", 1, 0) != 1)
		traps_wrong++;
	depth--;
}

static void catch(int number, int flags, int full)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = flags | SA_SIGINFO};

	if (full)
		sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* In turn of each kind; who has enough of them is waited for. */
static void sends(pid_t to)
{
	char bytes[AT_ONCE];
	int on_their_way = 0;

	for (int i = 0; i < SENT * KINDS; i++) {
		while (on_their_way == AT_ONCE)
			on_their_way -= read(acknowledged[0], bytes, AT_ONCE);
		while (sigqueue(to, SIGRTMIN + i % KINDS, (union sigval){i / KINDS}))
			if (errno != EAGAIN)
				_exit(1);
		on_their_way++;
	}
}

static int all_came(void)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (counted[kind] < SENT)
			return 0;
	return 1;
}

static void body(const void *unused)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
	char text[160];
	int status, wrong = 0, others = 0;

	(void)unused;
	next_line = order_wrong = deepest = depth = traps_wrong = 0;
	memset((void *)counted, 0, sizeof counted);
	file = create("lines");
	noise = create("noise");
	for (int kind = 0; kind < KINDS; kind++)
		catch(SIGRTMIN + kind, kind % 2 ? SA_NODEFER : SA_RESTART, kind == 2 || kind == 3);
	catch(SIGALRM, SA_RESTART, 0);
	catch(SIGCHLD, SA_RESTART | SA_NOCLDSTOP, 1);
	burst(file, "main", 0, 300);
	next_line = 300;
	if (pipe(acknowledged))
		die("pipe");
	fflush(stdout);
	pid_t self = getpid(), pid = fork();
	if (pid == 0) {
		close(acknowledged[1]);
		sends(self);
		_exit(0);
	}
	setitimer(ITIMER_REAL, &often, NULL);
	for (long long end = nanoseconds() + 40000000000LL; !all_came() && nanoseconds() < end;) {
		int length = line(text, "main", next_line);
		long done = next_line % 7 == 0 ? inline_call(SYS_write, file, (long)text, length, 0) : write(file, text, length);
		wrong += done != length;
		others += inline_call(SYS_getppid, 0, 0, 0, 0) != getppid();
		next_line++;
		if (next_line > 20000)
			spin(20000);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	for (int i = 0; i <= SIGRTMAX; i++)
		if (i == SIGALRM || i == SIGCHLD || (i >= SIGRTMIN && i < SIGRTMIN + KINDS))
			signal(i, SIG_DFL);
	snprintf(text, sizeof text, "%s.lines", who);
	struct writers all = look(text);
	printf("%s: lines %s, wrong %d %d, counted", who, lines_of(&all, "main") == next_line && !all.wrong ? "exact" : "not exact", wrong, others);
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %d", counted[kind]);
	printf(", order wrong %d, traps wrong %d, status %#x\n", order_wrong, traps_wrong, status);
	fflush(stdout);
	unlink(text);
	snprintf(text, sizeof text, "%s.noise", who);
	unlink(text);
	close(file), close(noise), close(acknowledged[0]), close(acknowledged[1]);
}

int main(void)
{
	in_both(body, NULL);
	puts("done");
	return 0;
}
