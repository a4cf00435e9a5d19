/* A signal comes between the look at what is buffered and the kernel's entry, and its handler writes. What it wrote must be in the kernel
 * before the interrupted call is made, and before one that the kernel makes again (SA_RESTART): no code of anybody runs in between.
 *
 * First by single steps: the interrupted call puts a token into a pipe, and the parent, between any two instructions, looks whether the
 * token is there without the handler's line. Then with calls that wait: who could end the wait waits itself for the handler's line. */
/* variants: quiet stats interpose */
/* coalesces: yes */
/* cc: -Wl,-z,now */
/* timeout: 120 */
#include "burst.h"
#include "steps.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { ROUNDS = 40, BEFORE = 20, HANDLER_LINES = 2 };

static int file, other, tokens[2];
static volatile int handled;
static int to_other, by_inline;

static void handle(int number)
{
	int fd = to_other ? other : file;

	(void)number;
	burst(fd, "handler", handled * HANDLER_LINES, (handled + 1) * HANDLER_LINES);
	handled++;
}

static void catch(int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
}

static void puts_tokens(void)
{
	int lines = 0;

	file = create("file");
	other = create("other");
	catch(0);
	for (int round = 0; round <= ROUNDS; round++) {
		burst(file, "main", lines, lines + BEFORE);
		lines += BEFORE;
		MARK();
		if (by_inline)
			inline_call(SYS_write, tokens[1], (long)"t", 1, 0);
		else if (write(tokens[1], "t", 1) != 1)
			_exit(91);
		MARK();
	}
}

static int token_is_there(void)
{
	int count = 0;

	return ioctl(tokens[0], FIONREAD, &count) == 0 && count;
}

/* Is the last line of the handler's n-th run in the kernel? */
static int line_is_there(int n)
{
	char path[128], text[4096] = "", wanted[160];
	int fd, length = line(wanted, "handler", n * HANDLER_LINES - 1);

	snprintf(path, sizeof path, "%s.%s", who, to_other ? "other" : "file");
	fd = open(path, O_RDONLY);
	lseek(fd, -(off_t)sizeof text + 1, SEEK_END) < 0 ? lseek(fd, 0, SEEK_SET) : 0;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	return got >= length && strstr(text, wanted);
}

/* One round, from mark to mark; the signal comes before instruction `at`. Returns how many instructions were stepped. */
static long one_round(pid_t pid, long at, int *runs, int *late)
{
	long n = 0;
	int more = 1;

	while (n < at && (more = step(pid)))
		n++;
	if (more && !token_is_there()) {
		kill(pid, SIGUSR1);
		++*runs;
		for (int i = 0; i < 6000 && more && !token_is_there(); i++)
			more = step(pid);
		*late += token_is_there() && !line_is_there(*runs);
	}
	if (more)
		to_mark(pid);
	return n;
}

static void stepped(void)
{
	long length = 0, stride = 2;
	int late = 0, runs = 0;
	char token;

	handled = 0;
	pid_t pid = traced(puts_tokens);
	for (int round = 0; round <= ROUNDS && to_mark(pid); round++) {
		if (round <= 1)
			length = one_round(pid, 1 << 30, &runs, &late);
		else if (round % stride == 0)
			one_round(pid, (round - 2) * length / ROUNDS, &runs, &late);
		else
			to_mark(pid);
		if (round == 1)
			stride += length / 400;
		if (read(tokens[0], &token, 1) != 1)
			die("token");
	}
	while (to_mark(pid))
		;
	printf("token by %s, handler to %s: %s, late %d, status %#x\n", by_inline ? "inline" : "libc", to_other ? "other" : "file",
	       runs ? "seen" : "never seen", late, step_status);
	unlink("steps.file");
	unlink("steps.other");
}

/* ---- calls that wait ---- */

static int gate[2], ready[2];
static const char *wait_name;

/* The peer: sends the signal when the process sleeps, waits for the handler's lines, then ends the wait. */
static void peer(pid_t pid, const char *path, long at_least)
{
	struct stat now = {0};
	char byte, text[512], stat_path[64];
	int rounds = 0;

	if (read(ready[0], &byte, 1) != 1)
		_exit(95);
	snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", pid);
	for (int asleep = 0; asleep < 3; usleep(2000)) {
		int fd = open(stat_path, O_RDONLY);
		ssize_t got = read(fd, text, sizeof text - 1);
		close(fd);
		text[got > 0 ? got : 0] = 0;
		char *end = strrchr(text, ')');
		asleep = end && end[2] == 'S' ? asleep + 1 : 0;
	}
	kill(pid, SIGUSR1);
	while ((stat(path, &now) || now.st_size < at_least) && rounds++ < 5000)
		usleep(1000);
	if (write(gate[1], rounds < 5000 ? "y" : "n", 1) != 1)
		_exit(96);
	_exit(0);
}

static long wait_read(char *byte)
{
	return read(gate[0], byte, 1);
}

static long wait_inline_read(char *byte)
{
	long got = inline_call(SYS_read, gate[0], (long)byte, 1, 0);
	errno = got < 0 ? (int)-got : errno;
	return got < 0 ? -1 : got;
}

static long wait_poll(char *byte)
{
	struct pollfd one = {gate[0], POLLIN, 0};
	int done = poll(&one, 1, -1);
	return done == 1 ? read(gate[0], byte, 1) : done;
}

static long wait_waitid(char *byte)
{
	siginfo_t info;
	int done = waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	return done == 0 ? read(gate[0], byte, 1) : done;
}

static long wait_lock(char *byte)
{
	/* held by the peer until its end */
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 20, .l_len = 1};
	int done = fcntl(file, F_SETLKW, &lock);
	return done == 0 ? read(gate[0], byte, 1) : done;
}

static const struct {
	const char *name;
	long (*wait)(char *);
} waits[] = {{"read", wait_read}, {"inline-read", wait_inline_read}, {"poll", wait_poll}, {"waitid", wait_waitid}, {"lock", wait_lock}};

static void waiting(const void *unused)
{
	char path[128], byte;

	(void)unused;
	for (unsigned w = 0; w < sizeof waits / sizeof *waits; w++)
		for (int how = 0; how < 4; how++) {
			int status, again = 0;
			to_other = how & 1;
			wait_name = waits[w].name;
			file = create(wait_name);
			other = create("other");
			snprintf(path, sizeof path, "%s.%s", who, to_other ? "other" : wait_name);
			handled = 0;
			catch(how & 2 ? SA_RESTART : 0);
			if (pipe(gate) || pipe(ready))
				die("pipe");
			pid_t self = getpid(), pid = fork();
			if (pid == 0) {
				struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 20, .l_len = 1};
				fcntl(file, F_SETLK, &lock);
				peer(self, path, to_other ? 1 : 101);
			}
			/* the burst's length: the handler's lines are what makes the file longer than 100 bytes */
			if (write(ready[1], "r", 1) != 1)
				die("write");
			for (int i = 0; i < 50; i++)
				if (write(file, "b\n", 2) != 2)
					die("write");
			long got;
			while ((got = waits[w].wait(&byte)) == -1 && errno == EINTR)
				again++;
			burst(file, "main", 0, 20);
			waitpid(pid, &status, 0);
			printf("%s, handler to %s, %s: %ld '%c', handled %d, peer %#x\n", wait_name, to_other ? "other" : "file",
			       how & 2 ? "restarted" : again ? "ended early" : "not ended early", got, byte, handled, status);
			close(gate[0]), close(gate[1]), close(ready[0]), close(ready[1]), close(file), close(other);
		}
}

int main(int argc, char **argv)
{
	(void)argc;
	without_hurry(argv);
	in_both(waiting, NULL);
	if (pipe(tokens))
		die("pipe");
	who = "steps";
	for (int how = 0; how < 4; how++) {
		by_inline = how >> 1;
		to_other = how & 1;
		stepped();
	}
	puts("done");
	return 0;
}
