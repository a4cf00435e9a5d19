/* A signal from outside comes before every second instruction of a small write in a burst, found by single steps, also one that else tells
 * of a fault: a copy that takes the SIGBUS or SIGSEGV of somebody's kill for its own swallows it. Left to its default the signal kills:
 * all lines before are there, and the one that was being written or not. A handler of the program's own for it is called, once. */
/* variants: quiet stats interpose */
/* coalesces: yes */
/* cc: -Wl,-z,now */
/* timeout: 120 */
#include "burst.h"
#include "steps.h"

enum { BEFORE = 50, MOST = 400, EVERY = 2 };

static int file, number, with_handler;
static volatile int handled;

static void handle(int signal)
{
	handled += signal == number;
}

static void writes(void)
{
	char text[160];

	if (with_handler)
		signal(number, handle);
	burst(file, "main", 0, BEFORE);
	int length = line(text, "main", BEFORE);
	MARK();
	long done = write(file, text, length);
	MARK();
	_exit(done != length ? 91 : handled == 1 ? 7 : 92);
}

/* One process; the signal comes before instruction `at`. 0: the way was not so long. */
static int one(int at, int *bad)
{
	char path[64];
	int n = 0, more = 1;

	file = create("lines");
	pid_t pid = traced(writes);
	if (to_mark(pid))
		while (n < at && (more = step(pid)))
			n++;
	kill(pid, number);
	int lives = to_mark(pid);
	/* behind the last instruction it comes after the mark */
	while (to_mark(pid))
		;
	snprintf(path, sizeof path, "%s.lines", who);
	struct writers all = look(path);
	int lines = lines_of(&all, "main"), wanted = with_handler ? 7 << 8 : number;
	if ((step_status & ~0x80) != wanted || all.wrong || lines < BEFORE || lines > BEFORE + 1 || (!with_handler && lives && more)) {
		if (++*bad <= 3)
			printf("  before instruction %d: status %#x, %d lines, wrong %d\n", at, step_status, lines, all.wrong);
	}
	close(file);
	unlink(path);
	return more;
}

int main(int argc, char **argv)
{
	static const int numbers[] = {SIGTERM, SIGSEGV, SIGBUS, SIGFPE};

	(void)argc;
	without_hurry(argv);
	for (with_handler = 0; with_handler < 2; with_handler++)
		for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
			int bad = 0;
			number = numbers[i];
			for (int at = 0; at < MOST && one(at, &bad); at += EVERY)
				;
			printf("signal %d, %s: %d times wrong\n", number, with_handler ? "handled" : "at its default", bad);
			fflush(stdout);
		}
	puts("done");
	return 0;
}
