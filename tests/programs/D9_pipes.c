/* Pipes: each write of up to PIPE_BUF bytes is whole for the reader, also among several writers; packets of an O_DIRECT pipe stay packets;
 * a pipe holds as much as natively, so that a writer nobody reads comes to its end; and a writer whose pipe is full, at its exit too,
 * ends by the signal that natively ends it. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
/* timeout: 180 */
#include "burst_files.h"
#include <sys/ioctl.h>
#include <time.h>

static void open_pipe(int *ends, int flags)
{
	if (pipe2(ends, flags))
		die("pipe");
}

static long drained(int reading, uint32_t *sum)
{
	static char all[1 << 20];
	long total = 0, got;

	while ((got = read(reading, all + total, sizeof all - (size_t)total)) > 0)
		total += got;
	*sum = hash(all, (size_t)total);
	return total;
}

/* Lines of several writers through one pipe: whole, once, in each one's order. */
static void writers(void)
{
	static const char *const names[] = {"ann", "ben", "cid"};
	int ends[2], next[3] = {0}, wrong = 0;
	char text[256], wanted[128], who[16];

	open_pipe(ends, 0);
	fflush(stdout);
	for (int k = 0; k < 3; k++)
		if (fork() == 0) {
			close(ends[0]);
			burst(ends[1], names[k], 0, 800);
			_exit(0);
		}
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	while (fgets(text, sizeof text, in)) {
		int i, k = 0;
		if (sscanf(text, "%15s %d", who, &i) != 2)
			wrong++;
		while (k < 3 && strcmp(names[k], who) != 0)
			k++;
		if (k == 3 || i != next[k] || !line(wanted, who, i) || strcmp(text, wanted) != 0)
			wrong++;
		else
			next[k]++;
	}
	fclose(in);
	while (wait(NULL) > 0)
		;
	printf("  writers: %d %d %d, wrong %d\n", next[0], next[1], next[2], wrong);
}

static void packets(void)
{
	int ends[2], sizes[300];
	char packet[8192];

	open_pipe(ends, O_DIRECT);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 300; i++)
			if (write(ends[1], "packet of some length, never joined with the next one", (size_t)(i % 50 + 1)) != i % 50 + 1)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	int count = 0;
	while (count < 300 && (sizes[count] = (int)read(ends[0], packet, sizeof packet)) > 0)
		count++;
	printf("  packets: %d, %08x, status %#x\n", count, hash(sizes, sizeof *sizes * (size_t)count), status_of(child, 20));
	close(ends[0]);
	/* packets from the middle of a burst on */
	open_pipe(ends, 0);
	burst(ends[1], "joined", 0, 40);
	fcntl(ends[1], F_SETFL, O_DIRECT);
	burst(ends[1], "packet", 0, 4);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 5; i++)
		printf("  read: %zd\n", read(ends[0], packet, sizeof packet));
	close(ends[0]);
	close(ends[1]);
}

/* All that a pipe holds is written while nobody reads. Natively writes are joined in a page while they fit, so this is just not too much. */
static void unread(int size, int total, const char *what)
{
	int ends[2];
	uint32_t sum;

	open_pipe(ends, 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		char bytes[4096];
		memset(bytes, 'u', sizeof bytes);
		alarm(10);
		for (int done = 0; done + size <= total; done += size)
			if (write(ends[1], bytes, (size_t)size) != size)
				_exit(1);
		_exit(3);
	}
	int status = status_of(child, 20);
	close(ends[1]);
	printf("  unread, %s: status %#x, %ld bytes\n", what, status, drained(ends[0], &sum));
	close(ends[0]);
	if (status != 0x300) /* the others would take their time, too */
		exit(1);
}

/* As a here-document: one process fills a pipe of its own and reads it afterwards. */
static void own(void)
{
	int ends[2];
	uint32_t sum;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(10);
		open_pipe(ends, 0);
		drip(ends[1], 30000);
		burst(ends[1], "own", 0, 300);
		drip(ends[1], 15000);
		close(ends[1]);
		long all = drained(ends[0], &sum);
		printf("  own: %ld bytes, %08x\n", all, sum);
		fflush(stdout);
		_exit(0);
	}
	printf("  own: status %#x\n", status_of(child, 20));
}

static void on_term(int signal)
{
	_exit(8);
}

/* A writer in a full pipe, in a write or at its exit, is sent a signal; blocked ones wait until the reader has made room. */
static void full(int signal_number, int handled, int blocked, int at_exit)
{
	int ends[2];
	uint32_t sum;

	sigset_t set, before;
	int held = 0;

	open_pipe(ends, 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	fflush(stdout);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, blocked ? &set : NULL, &before);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		if (handled)
			signal(SIGTERM, on_term);
		for (int i = 0; i < (at_exit ? 4096 : 70000); i++)
			if (write(ends[1], "f", 1) != 1)
				_exit(1);
		_exit(3);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	/* until it is full, and longer */
	struct timespec moment = {0, 50000000};
	for (int i = 0; i < 200 && held < 4096; i++) {
		nanosleep(&moment, NULL);
		ioctl(ends[0], FIONREAD, &held);
	}
	kill(child, signal_number);
	if (blocked && signal_number != SIGKILL) {
		nanosleep(&moment, NULL);
		printf("  still there: %d,", waitpid(child, NULL, WNOHANG) == 0);
		long all = drained(ends[0], &sum);
		printf(" %ld bytes,", all);
	}
	int status = status_of(child, 20);
	close(ends[0]);
	printf("  full, signal %d, handled %d, blocked %d: status %#x\n", signal_number, handled, blocked, status);
}

/* Full when its writer leaves: the reader comes later, and all is there. */
static void full_at_exit(int way)
{
	int ends[2];
	uint32_t sum;

	open_pipe(ends, 0);
	fcntl(ends[1], F_SETPIPE_SZ, 16384);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		drip(ends[1], 20000);
		if (way == 0)
			_exit(3);
		if (way == 1)
			raise(SIGTERM);
		execlp("true", "true", NULL);
		_exit(4);
	}
	close(ends[1]);
	struct timespec moment = {0, 100000000};
	nanosleep(&moment, NULL);
	long all = drained(ends[0], &sum);
	printf("  full at the end, way %d: %ld bytes, %08x, status %#x\n", way, all, sum, status_of(child, 20));
	close(ends[0]);
}

/* Another process, which shares the pipe, makes it nonblocking while a burst goes on: whatever was taken arrives, nothing else. */
static void made_nonblocking(void)
{
	int ends[2], told[2];
	long taken = 0;
	uint32_t sum;

	open_pipe(ends, 0);
	open_pipe(told, 0);
	fflush(stdout);
	pid_t writer = fork();
	if (writer == 0) {
		close(ends[0]);
		for (int i = 0; i < 60000; i++) {
			long result = write(ends[1], "n", 1);
			if (result < 0 && errno != EAGAIN)
				_exit(1);
			taken += result > 0;
		}
		fcntl(ends[1], F_SETFL, 0);
		_exit(write(told[1], &taken, sizeof taken) != sizeof taken);
	}
	struct timespec moment = {0, 30000000};
	nanosleep(&moment, NULL);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	close(ends[1]);
	nanosleep(&moment, NULL);
	long all = drained(ends[0], &sum);
	if (read(told[0], &taken, sizeof taken) != sizeof taken)
		printf("  the writer says nothing\n");
	printf("  made nonblocking: all that was taken is there: %d, status %#x\n", all == taken, status_of(writer, 20));
	close(ends[0]);
	close(told[0]);
	close(told[1]);
}

static void body(const char *who)
{
	writers();
	packets();
	unread(1, 65536, "65536 of one byte");
	unread(7, 65520, "of seven bytes");
	unread(40, 65280, "lines of 40 bytes");
	unread(100, 64000, "lines of 100 bytes");
	unread(1000, 64000, "lines of 1000 bytes");
	own();
	full(SIGTERM, 0, 0, 0);
	full(SIGTERM, 1, 0, 0);
	full(SIGTERM, 0, 1, 0);
	full(SIGKILL, 0, 1, 0);
	full(SIGALRM, 0, 0, 0);
	for (int way = 0; way < 3; way++)
		full_at_exit(way);
	made_nonblocking();
	int fd = fresh(who, "file", O_WRONLY);
	burst(fd, "x", 0, 200);
	close(fd);
}

int main(void)
{
	in_both(body);
	return 0;
}
