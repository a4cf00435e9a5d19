/* A handler writes to the descriptor that the program is just writing to: in every place of the write, found by single steps, and at
 * random by a timer. Every line is there once, whole, and where its call stood: the handler's behind all that had been written before, at
 * most the interrupted one may come on either side. A copy that goes on where a handler's flush has moved the end tears or doubles lines. */
/* variants: quiet stats interpose */
/* coalesces: yes */
/* cc: -Wl,-z,now */
/* timeout: 120 */
#include "burst.h"
#include "steps.h"
#include <sys/time.h>
#include <sys/uio.h>

enum { ROUNDS = 150, BEFORE = 20, HANDLED = 20000 };

static int file, other;
static const char *kind;
static volatile int next_line, handled, forks;
static int seen_by[HANDLED]; /* the line that was being written when the handler came */

static void handle(int number)
{
	(void)number;
	if (handled == HANDLED)
		return;
	seen_by[handled] = next_line;
	burst(file, "handler", handled, handled + 1);
	handled++;
	if (forks && handled % 9 == 0) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0); /* with the parent's half of a copy */
		waitpid(pid, NULL, 0);
	}
}

static char text[160]; /* the next line */
static int length;

static void prepare(void)
{
	length = line(text, "main", next_line);
}

static void one_line(void)
{
	if (write(file, text, length) != length)
		_exit(91);
	next_line++;
}

static void by_writev(void)
{
	struct iovec parts[3] = {{text, 3}, {text + 3, 0}, {text + 3, length - 3}};

	if (writev(file, parts, 3) != length)
		_exit(91);
	next_line++;
}

static void by_inline(void)
{
	if (inline_call(SYS_write, file, (long)text, length, 0) != length)
		_exit(91);
	next_line++;
}

static void to_other(void)
{
	if (write(other, "x", 1) != 1)
		_exit(91);
}

static void end_asked(void)
{
	if (lseek(file, 0, SEEK_CUR) <= 0)
		_exit(93);
}

static const struct {
	const char *name;
	void (*call)(void);
} kinds[] = {{"write", one_line}, {"writev", by_writev}, {"inline", by_inline}, {"to-other", to_other}, {"lseek", end_asked}};

/* Is each of the handler's lines where its call stood? Natively as well the interrupted line may be on either side. */
static int misplaced(const char *path)
{
	FILE *f = fopen(path, "r");
	char found[256], name[24];
	int i, main_lines = 0, wrong = 0;

	while (f && fgets(found, sizeof found, f)) {
		if (sscanf(found, "%23s %d", name, &i) != 2)
			continue;
		if (strcmp(name, "main") == 0)
			main_lines++;
		else if (i < HANDLED && main_lines != seen_by[i] && main_lines != seen_by[i] + 1)
			wrong++;
	}
	if (f)
		fclose(f);
	return wrong;
}

/* The number of rounds in which the handler came is not the same under a shim: the file is judged here. */
static void judge(const char *name, int least)
{
	char path[128];

	snprintf(path, sizeof path, "%s.%s", who, name);
	struct writers all = look(path);
	if (all.wrong || lines_of(&all, "main") != next_line || lines_of(&all, "handler") != handled || handled < least || misplaced(path))
		printf("  %s: main %d of %d, handler %d of %d, wrong %d, misplaced %d: %s\n", path, lines_of(&all, "main"), next_line,
		       lines_of(&all, "handler"), handled, all.wrong, misplaced(path), all.first_wrong);
	else
		printf("  %s: every line once, in its place\n", path);
	fflush(stdout);
	unlink(path);
}

static void catch(int number, int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static void stepped(void)
{
	unsigned k = 0;

	while (strcmp(kinds[k].name, kind) != 0)
		k++;
	file = create(kind);
	other = create("other");
	catch(SIGUSR1, 0);
	for (int round = 0; round <= ROUNDS; round++) {
		burst(file, "main", next_line, next_line + BEFORE);
		next_line += BEFORE;
		prepare();
		MARK();
		kinds[k].call();
		MARK();
		prepare();
		one_line();
	}
	judge(kind, 1);
	unlink("exec.other");
	unlink("fork.other");
}

static void executed(void)
{
	execl("/proc/self/exe", "S1", kind, NULL);
	_exit(94);
}

static void timed(const void *unused)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {0};

	(void)unused;
	forks = next_line = handled = 0;
	file = create("timed");
	catch(SIGALRM, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	/* On a fast machine these may be over before the first signal. */
	while (next_line < 60000 || !handled) {
		prepare();
		one_line();
	}
	setitimer(ITIMER_REAL, &never, NULL);
	judge("timed", 1);
}

int main(int argc, char **argv)
{
	without_hurry(argv);
	if (argc > 1) {
		who = "exec";
		kind = argv[1];
		stepped();
		return 0;
	}
	in_both(timed, NULL);
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		kind = kinds[k].name;
		forks = k == 0;
		who = "fork";
		next_line = handled = 0;
		printf("%s, forked: status %#x\n", kind, signal_everywhere(stepped, SIGUSR1, ROUNDS));
		printf("%s, executed: status %#x\n", kind, signal_everywhere(executed, SIGUSR1, ROUNDS));
	}
	puts("done");
	return 0;
}
