/* Observers: processes that look while the program writes, and handlers that look between two instructions of it. What they see differs from
 * run to run, so it is not compared: it is checked against what any native run could have shown, and what is said is only whether it holds.
 *
 * The rules. A file that is only appended to is at every look a beginning of what will be written, and never shorter than before. Who has
 * learned through a pipe, or from another file, how much had been written to a file by then finds that much there. A message of a pipe
 * comes whole. A handler finds the offset at what has been written before it. */
#include "world.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

struct message {
	uint32_t first, second; /* so much of either file had been written */
};

struct look {
	int first, second, pipe;
	long first_size, second_size;
	const char *wrong;
	struct message last;
};

static char pattern(long at)
{
	return (char)('a' + (at * 7 + at / 251) % 26);
}

/* What has been appended since the last look is what the pattern says, up to the file's size. */
static void look_first(struct look *look)
{
	char space[4096];
	struct stat status;
	long got;

	if (fstat(look->first, &status) || status.st_size < look->first_size)
		look->wrong = "the first file has become shorter";
	while ((got = pread(look->first, space, sizeof space, look->first_size)) > 0)
		for (long i = 0; i < got; i++)
			if (space[i] != pattern(look->first_size++))
				look->wrong = "a byte of the first file is another one";
	if (look->first_size < status.st_size)
		look->wrong = "the first file is shorter than its size";
}

/* The second file says how much the first one had when it was written: four bytes each time. */
static void look_second(struct look *look)
{
	uint32_t said = 0, one;

	while (pread(look->second, &one, sizeof one, look->second_size) == sizeof one) {
		if (one < said)
			look->wrong = "the second file goes back";
		said = one;
		look->second_size += sizeof one;
	}
	look_first(look);
	if (look->first_size < (long)said)
		look->wrong = "what stands in the second file came before what stands in the first";
}

/* 0: the writers have gone. */
static int look_pipe(struct look *look)
{
	struct message messages[64];
	long got = read(look->pipe, messages, sizeof messages);

	if (got <= 0)
		return 0;
	if (got % (long)sizeof *messages)
		look->wrong = "a part of a message came";
	look->last = messages[got / (long)sizeof *messages - 1];
	look_second(look);
	if (look->first_size < look->last.first || look->second_size < look->last.second)
		look->wrong = "the pipe told of bytes that are not in their file";
	return 1;
}

static void look_until_end(struct look *look)
{
	struct pollfd one = {look->pipe, POLLIN, 0};

	do
		look_second(look);
	while (poll(&one, 1, 1) == 0 || look_pipe(look));
}

static void look_open(struct look *look, int pipe_end)
{
	*look = (struct look){.first = open("first", O_RDONLY), .second = open("second", O_RDONLY), .pipe = pipe_end};
}

struct writer {
	int first, second, pipe;
	long first_size, second_size;
};

static void writer_open(struct writer *writer, int pipe_end)
{
	*writer = (struct writer){open("first", O_WRONLY | O_CREAT | O_TRUNC, 0644), open("second", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644), pipe_end, 0, 0};
}

static long append_first(struct writer *writer, long count)
{
	long done = 0;

	for (; count; count--, writer->first_size++) {
		char byte = pattern(writer->first_size);
		done += write(writer->first, &byte, 1);
	}
	return done;
}

static long append_second(struct writer *writer)
{
	uint32_t size = (uint32_t)writer->first_size;

	writer->second_size += sizeof size;
	return write(writer->second, &size, sizeof size);
}

static long send_message(struct writer *writer)
{
	struct message message = {(uint32_t)writer->first_size, (uint32_t)writer->second_size};

	return write(writer->pipe, &message, sizeof message);
}

static long write_round(struct writer *writer, uint64_t drawn)
{
	long done = append_first(writer, (long)(drawn >> 8) % 24);

	for (uint64_t i = 0; i < (drawn >> 16) % 4; i++)
		done += append_second(writer);
	for (uint64_t i = 0; i < (drawn >> 24) % 5; i++)
		done += send_message(writer);
	return done;
}

static void pause_a_moment(int microseconds)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < microseconds);
}

enum { SEEN = 43 /* a signal that no program here uses */, LAST_ROW = 20 /* bytes that no call follows */ };

static volatile sig_atomic_t seen_all;

static void on_seen(int signal)
{
	seen_all = signal;
}

/* Computes without a call until the observer has seen all, which it does within the latency, and in any case soon. */
static int is_seen_soon(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (!seen_all && now.tv_sec - from.tv_sec < 3);
	return seen_all != 0;
}

static void observer(int pipe_end, long wanted, int writer)
{
	struct look look;

	look_open(&look, pipe_end);
	if (wanted) {
		/* The writer computes: nothing but the bound on a byte's age brings the last ones. */
		while (look.first_size < wanted && !look.wrong && look.last.second != ~0u) {
			struct pollfd one = {pipe_end, POLLIN, 0};
			look_second(&look);
			if (poll(&one, 1, 1) > 0 && !look_pipe(&look))
				break;
		}
		kill(writer, SEEN);
	}
	look_until_end(&look);
	if (look.wrong)
		dprintf(2, "observer: %s; first %ld, second %ld, told of %u and %u\n", look.wrong, look.first_size, look.second_size, look.last.first, look.last.second);
	_exit(look.wrong ? 1 : 0);
}

void perform_watched(const int32_t *a)
{
	struct sigaction action = {.sa_handler = on_seen, .sa_flags = SA_RESTART}, old;
	struct writer writer;
	uint64_t state = (uint64_t)(uint32_t)a[0] + 99, wanted = 0, copy;
	int fds[2], rounds = 10 + (int)a[1] % 40, waits = (a[0] & 3) == 0, parent = getpid();
	long done = 0;

	if (pipe(fds))
		return;
	writer_open(&writer, fds[1]);
	copy = state;
	for (int i = 0; i < rounds; i++)
		wanted += (draw(&copy) >> 8) % 24;
	seen_all = 0;
	sigaction(SEEN, &action, &old);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[1]);
		observer(fds[0], waits ? (long)wanted + LAST_ROW : 0, parent);
	}
	close(fds[0]);
	for (int i = 0; i < rounds; i++) {
		uint64_t drawn = draw(&state);
		done += write_round(&writer, drawn);
		if (drawn % 8 == 0)
			pause_a_moment((int)(drawn >> 40) % 300);
	}
	if (waits)
		done += append_first(&writer, LAST_ROW);
	if (waits && !is_seen_soon())
		say("watched: the last bytes did not come while the program computed");
	close(fds[1]);
	child_waited(pid, "watched");
	sigaction(SEEN, &old, NULL);
	say("watched: %ld written, first %ld, second %ld", done, (long)lseek(writer.first, 0, SEEK_CUR), (long)lseek(writer.second, 0, SEEK_CUR));
	close(writer.first);
	close(writer.second);
}

/* A writer that never ends is killed at some time: what it has left is what a native one could have. */
void perform_killed(const int32_t *a)
{
	static const int deadly[] = {SIGKILL, SIGTERM, SIGUSR1, SIGABRT, SIGSEGV, SIGPIPE, 39 /* a real-time one */, SIGALRM};
	struct writer writer;
	struct look look;
	struct sigaction plain = {.sa_handler = SIG_DFL};
	int fds[2], signal = deadly[(unsigned)a[0] % 8], row = 1 + (int)a[1] % 40;

	if (pipe(fds))
		return;
	writer_open(&writer, fds[1]);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigaction(signal, &plain, NULL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(fds[0]);
		for (;;) {
			append_first(&writer, row);
			send_message(&writer);
		}
	}
	close(fds[1]);
	look_open(&look, fds[0]);
	for (int i = 0; i < 3 && look_pipe(&look); i++)
		;
	if (a[0] & 16)
		pause_a_moment(a[0] >> 8 & 1023);
	kill(pid, signal);
	child_waited(pid, "killed");
	while (look_pipe(&look))
		;
	look_first(&look);
	/* One row at most was written behind the last message. */
	if (look.first_size > (long)look.last.first + row)
		look.wrong = "a message is missing";
	say("killed: %s", look.wrong ? look.wrong : "as natively");
	close(fds[0]);
	close(look.first);
	close(look.second);
	close(writer.first);
	close(writer.second);
	/* How long they are is nobody's business. */
	unlink("first");
	unlink("second");
}

static struct {
	int fd, how;
	volatile long done, ticks, wrong, offset, had;
	jmp_buf back;
	volatile int ready;
} storm;

/* Writes into the middle of the row: at the offset where the row is. */
static void on_tick(int signal)
{
	int error = errno;

	if (!storm.ready)
		return;
	if (write(storm.fd, "B", 1) == 1)
		storm.ticks++;
	long offset = storm.how & 2 ? CALL(BY_INSTRUCTION, SYS_lseek, storm.fd, 0, SEEK_CUR) : lseek(storm.fd, 0, SEEK_CUR), least = storm.done + storm.ticks;
	if (offset != least && offset != least + 1) {
		storm.wrong++;
		storm.offset = offset;
		storm.had = least;
	}
	errno = error;
	if (storm.how & 4 && storm.ticks % 3 == 0) {
		sigset_t set;
		storm.ready = 0; /* until the offset has been asked */
		sigemptyset(&set);
		sigaddset(&set, signal);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		longjmp(storm.back, 1);
	}
}

/* Whoever was jumped away from has written, or has not: the offset says which. */
static void storm_resume(void)
{
	long done = lseek(storm.fd, 0, SEEK_CUR) - storm.ticks;

	if (done != storm.done && done != storm.done + 1) {
		storm.wrong++;
		storm.offset = done;
		storm.had = storm.done;
	}
	storm.done = done;
}

static void storm_check(void)
{
	char space[4096];
	long rows = 0, ticks = 0, others = 0, got, at = 0;

	while ((got = pread(storm.fd, space, sizeof space, at)) > 0)
		for (at += got; got; got--) {
			rows += space[got - 1] == 'a';
			ticks += space[got - 1] == 'B';
			others += space[got - 1] != 'a' && space[got - 1] != 'B';
		}
	if (storm.wrong || rows != storm.done || ticks != storm.ticks || others)
		say("storm: wrong %ld times, offset %ld where %ld was; %ld of %ld, %ld of %ld, %ld others", storm.wrong, storm.offset, storm.had, rows, storm.done, ticks,
		    storm.ticks, others);
	else
		say("storm: as natively");
}

void perform_storm(const int32_t *a)
{
	static const int periods[] = {130, 170, 210, 333};
	struct itimerval period = {{0, periods[(unsigned)a[0] / 8 % 4]}, {0, periods[(unsigned)a[0] / 8 % 4]}}, none = {0};
	struct sigaction action = {.sa_handler = on_tick, .sa_flags = a[0] & 1 ? SA_RESTART : 0}, old;
	volatile long most = 100 + a[1];

	storm.fd = open("storm", O_RDWR | O_CREAT | O_TRUNC | (a[0] & 64 ? O_APPEND : 0), 0644);
	storm.how = (int)a[0];
	storm.done = storm.ticks = storm.wrong = storm.ready = 0;
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &period, NULL);
	if (_setjmp(storm.back))
		storm_resume();
	storm.ready = 1;
	while (storm.done < most) {
		if (write(storm.fd, "a", 1) != 1)
			storm.wrong += 1000;
		storm.done++;
		if (storm.done % 4 == 0)
			for (volatile int i = 0; i < 3000; i++)
				;
	}
	storm.ready = 0;
	setitimer(ITIMER_REAL, &none, NULL);
	storm_check();
	sigaction(SIGALRM, &old, NULL);
	close(storm.fd);
	unlink("storm");
}
