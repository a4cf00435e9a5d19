/* The alternate signal stack is set inside handlers, in the middle of bursts: it lasts as long as natively, for the return from the handler
 * puts back the one that stood when the handler began. From there on handlers run where they natively would: a shim that believes in what
 * was set keeps them off the program's stack, or puts them on its own. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"

enum { LARGE = 1 << 17 };

static int file;
static char *large, *third;
static int sets; /* what the handler does with the stack */
static int seen; /* times that a handler has run */

static const char *where(const void *at)
{
	const char *address = at;

	return address >= large && address < large + LARGE ? "large" : address >= third && address < third + LARGE ? "third" : "elsewhere";
}

static const char *name_of(const stack_t *stack)
{
	return stack->ss_flags & SS_DISABLE ? "none" : stack->ss_sp == large ? "large" : stack->ss_sp == third ? "third" : "somebody's";
}

/* One byte a write, so that the smallest buffer takes them, too. */
static void more(void)
{
	for (int i = 0; i < 120; i++)
		if (write(file, &"abcdefghijklmnopqrstuvwxyz\n"[i % 27], 1) != 1)
			_exit(91);
}

static void ask(const char *when)
{
	stack_t now = {0};

	sigaltstack(NULL, &now);
	printf("%s: %s %#x\n", when, name_of(&now), (unsigned)now.ss_flags);
}

static void set(char *at, size_t size, int flags)
{
	stack_t stack = {.ss_sp = at, .ss_size = size, .ss_flags = flags}, old = {0};
	int result = sigaltstack(&stack, &old);

	printf("set %s: %d %d, old %s\n", name_of(&stack), result, result ? errno : 0, result ? "-" : name_of(&old));
}

static void handle(int number)
{
	char here;

	seen++;
	printf("handler %d: on %s\n", number, where(&here));
	more();
	ask("inside");
	more();
	if (sets == 1)
		set(third, LARGE, 0);
	else if (sets == 2)
		set(NULL, 0, SS_DISABLE);
	more();
	if (sets)
		ask("inside, set");
	more();
}

static void catch(int number, int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static void raise_both(void)
{
	more();
	raise(SIGUSR1); /* with SA_ONSTACK */
	more();
	raise(SIGUSR2); /* without */
	more();
	inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
	more();
}

static void body(const void *unused)
{
	(void)unused;
	file = create("bytes");
	catch(SIGUSR1, SA_ONSTACK);
	catch(SIGUSR2, 0);
	more();
	for (sets = 1; sets <= 2; sets++) {
		/* on the stack that would be changed: EPERM; and from the ordinary one */
		set(large, LARGE, 0);
		raise_both();
		ask("behind");
		set(NULL, 0, SS_DISABLE);
		raise_both();
		ask("behind, none");
	}
	sets = 0;
	raise_both();
	set(large, LARGE, 0);
	raise_both();
	set(NULL, 0, SS_DISABLE);
	close(file);
}

int main(void)
{
	static char out[1 << 16];

	/* nothing of it is written in between */
	setvbuf(stdout, out, _IOFBF, sizeof out);
	large = malloc(LARGE);
	third = malloc(LARGE);
	in_both(body, NULL);
	printf("%d handlers\n", seen);
	puts("done");
	return 0;
}
