/* A handler jumps out of a write in every place of it, found by single steps, with siglongjmp and without any system call of its own: what
 * the write had begun is never ended. Also at random, by a timer. The interrupted line is there whole or not at all; every other one is
 * there once and in order. State that waits for a return which never comes loses the lines behind it. */
/* variants: quiet stats interpose */
/* coalesces: yes */
/* cc: -Wl,-z,now */
/* timeout: 120 */
#include "burst.h"
#include "steps.h"
#include <setjmp.h>
#include <sys/time.h>

enum { ROUNDS = 150, BEFORE = 20 };

static const struct kind {
	const char *name;
	int inlined, handler_writes, restores_mask;
} kinds[] = {{"plain", 0, 0, 0}, {"writes", 0, 1, 0}, {"mask", 0, 0, 1}, {"inline", 1, 0, 0}, {"inline-writes", 1, 1, 0}};

static const struct kind *kind;
static int file;
static volatile int next_line, handled, may_jump;
static sigjmp_buf back;

static void handle(int number)
{
	static volatile int inside;

	(void)number;
	if (inside)
		return;
	inside = 1;
	if (kind->handler_writes)
		burst(file, "handler", handled, handled + 1);
	handled++;
	inside = 0;
	if (may_jump)
		siglongjmp(back, 1);
}

static void judge(const char *name, int maybe)
{
	char path[128];

	snprintf(path, sizeof path, "%s.%s", who, name);
	struct writers all = look(path);
	if (all.wrong || lines_of(&all, "main") != next_line || lines_of(&all, "handler") != (kind->handler_writes ? handled : 0) || !handled ||
	    (maybe && !lines_of(&all, "maybe")))
		printf("  %s: main %d of %d, handler %d of %d, maybe %d, wrong %d: %s\n", path, lines_of(&all, "main"), next_line,
		       lines_of(&all, "handler"), handled, lines_of(&all, "maybe"), all.wrong, all.first_wrong);
	else
		printf("  %s: every line once\n", path);
	fflush(stdout);
	unlink(path);
}

static void catch(int number)
{
	/* SA_NODEFER: the signal is open behind the jump though no mask is restored. */
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_NODEFER};

	sigaction(number, &action, NULL);
}

static void stepped(void)
{
	char text[160];

	file = create(kind->name);
	catch(SIGUSR1);
	for (volatile int round = 0; round <= ROUNDS; round++) {
		burst(file, "main", next_line, next_line + BEFORE);
		next_line += BEFORE;
		int length = line(text, "maybe", round);
		if (sigsetjmp(back, kind->restores_mask) == 0) {
			may_jump = 1;
			MARK();
			if (kind->inlined)
				inline_call(SYS_write, file, (long)text, length, 0);
			else if (write(file, text, length) < 0)
				_exit(91);
		}
		may_jump = 0;
		MARK();
	}
	burst(file, "main", next_line, next_line + 1);
	next_line++;
	judge(kind->name, 1);
}

static void executed(void)
{
	execl("/proc/self/exe", "S2", kind->name, NULL);
	_exit(94);
}

static void timed(const void *unused)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};
	char text[160];

	(void)unused;
	kind = &kinds[1];
	next_line = handled = 0;
	file = create("timed");
	catch(SIGALRM);
	setitimer(ITIMER_REAL, &often, NULL);
	for (volatile int i = 0; i < 40000 || !handled; i++) {
		int length = line(text, "maybe", i);
		if (sigsetjmp(back, 0) == 0) {
			may_jump = 1;
			if (write(file, text, length) != length)
				_exit(91);
		}
		may_jump = 0;
		if (i % 8 == 0) {
			/* no jump: it must be there */
			burst(file, "main", next_line, next_line + 1);
			next_line++;
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	judge("timed", 1);
}

int main(int argc, char **argv)
{
	without_hurry(argv);
	if (argc > 1) {
		who = "exec";
		for (kind = kinds; strcmp(kind->name, argv[1]) != 0;)
			kind++;
		stepped();
		return 0;
	}
	in_both(timed, NULL);
	for (kind = kinds; kind < kinds + sizeof kinds / sizeof *kinds; kind++) {
		who = "fork";
		next_line = handled = 0;
		printf("%s, forked: status %#x\n", kind->name, signal_everywhere(stepped, SIGUSR1, ROUNDS));
		printf("%s, executed: status %#x\n", kind->name, signal_everywhere(executed, SIGUSR1, ROUNDS));
	}
	puts("done");
	return 0;
}
