/* Calls that wait, each right behind a burst of small writes, about two seconds of them: none returns EINTR, none is short, none ends before
 * its time. A timer that still ticks for what was buffered would end them early; those that the kernel restarts by itself are here for
 * their partial counts and their timeouts. One handler of the program's own, for which pause waits, counts that nobody else wakes it.
 * Then all of it with RLIMIT_SIGPENDING 0, where no timer can be had. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

enum { WAIT = 30 /* ms */, BIG = 1 << 20 };

static int file, lines;
static char big[BIG];
static volatile int alarms;
static struct timespec soon = {0, WAIT * 1000000L};
static pid_t peer_pid;
static int to_peer[2], from_peer[2];

/* Another process that does something slow with our descriptors. */
static void peer(void (*body)(void))
{
	fflush(stdout);
	peer_pid = fork();
	if (peer_pid == 0) {
		body();
		_exit(0);
	}
}

static int peer_ended(void)
{
	int status;

	return waitpid(peer_pid, &status, 0) == peer_pid && status == 0;
}

static struct timespec deadline(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	at.tv_nsec += soon.tv_nsec;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* 0 is what it wants; else what the call said */
static long verdict(long got, long wanted, int wanted_errno)
{
	return got == wanted && (got != -1 || errno == wanted_errno) ? 0 : got == -1 ? -errno : got ? got : -9999;
}

static long by_poll(void)
{
	return verdict(poll(NULL, 0, WAIT), 0, 0);
}

static long by_ppoll(void)
{
	return verdict(ppoll(NULL, 0, &soon, NULL), 0, 0);
}

static long by_select(void)
{
	struct timeval time = {0, WAIT * 1000};
	return verdict(select(0, NULL, NULL, NULL, &time), 0, 0);
}

static long by_pselect(void)
{
	return verdict(pselect(0, NULL, NULL, NULL, &soon, NULL), 0, 0);
}

static long by_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);
	long got = verdict(epoll_wait(fd, &event, 1, WAIT), 0, 0);
	close(fd);
	return got;
}

static long by_nanosleep(void)
{
	return verdict(nanosleep(&soon, NULL), 0, 0);
}

static long by_inline_nanosleep(void)
{
	return inline_call(SYS_nanosleep, (long)&soon, 0, 0, 0);
}

static long by_clock_nanosleep(void)
{
	struct timespec at = deadline(CLOCK_MONOTONIC);
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static long by_sem_timedwait(void)
{
	struct timespec at = deadline(CLOCK_REALTIME);
	sem_t sem;
	sem_init(&sem, 0, 0);
	return verdict(sem_timedwait(&sem, &at), -1, ETIMEDOUT);
}

static long by_futex(void)
{
	int word = 0;
	return verdict(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0), -1, ETIMEDOUT);
}

static long by_sigtimedwait(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return verdict(sigtimedwait(&set, NULL, &soon), -1, EAGAIN);
}

static long by_semtimedop(void)
{
	struct sembuf down = {0, -1, 0};
	int id = semget(IPC_PRIVATE, 1, 0600);
	long got = id < 0 ? 0 : verdict(semtimedop(id, &down, 1, &soon), -1, EAGAIN);
	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	return got;
}

static int queue;

static void sends_message(void)
{
	struct { long type; char text[4]; } message = {1, "abc"};
	nanosleep(&soon, NULL);
	msgsnd(queue, &message, sizeof message.text, 0);
}

static long by_msgrcv(void)
{
	struct { long type; char text[4]; } message;
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		return 0;
	peer(sends_message);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	long got = verdict(msgrcv(queue, &message, sizeof message.text, 0, 0), sizeof message.text, 0);
	msgctl(queue, IPC_RMID, NULL);
	return got || !peer_ended();
}

static void drips(void)
{
	for (int i = 0; i < 10; i++) {
		usleep(4000);
		if (write(to_peer[1], "0123456789", 10) != 10)
			_exit(1);
	}
}

static long by_slow_pipe(void)
{
	char text[16];
	long got = 0;
	if (pipe(to_peer))
		die("pipe");
	peer(drips);
	close(to_peer[1]);
	for (int i = 0; i < 10; i++) {
		burst(file, "main", lines, lines + 60);
		lines += 60;
		long read_now = read(to_peer[0], text, 10);
		got = got ? got : verdict(read_now, 10, 0);
	}
	close(to_peer[0]);
	return got || !peer_ended();
}

static void drains(void)
{
	static char block[32768];
	close(to_peer[1]);
	for (int i = 0; i < 10; i++)
		usleep(3000);
	while (read(to_peer[0], block, sizeof block) > 0)
		usleep(200);
}

/* A function that writes BIG bytes to a slow reader by one call */
static long slowly_drained(int kind, long (*writes)(int))
{
	if (kind ? socketpair(AF_UNIX, SOCK_STREAM, 0, to_peer) : pipe(to_peer))
		die("pipe");
	peer(drains);
	close(to_peer[0]);
	burst(file, "main", lines, lines + 100);
	lines += 100;
	long got = verdict(writes(to_peer[1]), BIG, 0);
	close(to_peer[1]);
	return got || !peer_ended();
}

static long one_write(int fd)
{
	return write(fd, big, BIG);
}

static long one_writev(int fd)
{
	struct iovec parts[2] = {{big, 1000}, {big + 1000, BIG - 1000}};
	return writev(fd, parts, 2);
}

/* to where the descriptor stands: a pipe takes it */
static long one_pwritev2(int fd)
{
	struct iovec part = {big, BIG};
	return pwritev2(fd, &part, 1, -1, 0);
}

static long one_inline_write(int fd)
{
	return inline_call(SYS_write, fd, (long)big, BIG, 0);
}

static long one_send(int fd)
{
	return send(fd, big, BIG, 0);
}

static long one_sendfile(int fd)
{
	off_t at = 0;
	int from = open("big", O_RDONLY);
	long got = 0, now;
	/* at most what a pipe takes at once, natively as well */
	while (got < BIG && (now = sendfile(fd, from, &at, BIG - got)) > 0)
		got += now;
	close(from);
	return got;
}

static long one_splice(int fd)
{
	loff_t at = 0;
	int from = open("big", O_RDONLY);
	long got = 0, now;
	while (got < BIG && (now = splice(from, &at, fd, NULL, 65536, 0)) > 0)
		got += now;
	close(from);
	return got;
}

static long to_pipe(void)
{
	return slowly_drained(0, one_write);
}

static long to_pipe_by_writev(void)
{
	return slowly_drained(0, one_writev);
}

static long to_pipe_by_pwritev2(void)
{
	return slowly_drained(0, one_pwritev2);
}

static long to_pipe_inline(void)
{
	return slowly_drained(0, one_inline_write);
}

static long to_pipe_by_sendfile(void)
{
	return slowly_drained(0, one_sendfile);
}

static long to_pipe_by_splice(void)
{
	return slowly_drained(0, one_splice);
}

static long to_socket(void)
{
	return slowly_drained(1, one_write);
}

static long to_socket_by_send(void)
{
	return slowly_drained(1, one_send);
}

static int listener;
static struct sockaddr_in place;

static void connects(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;
	nanosleep(&soon, NULL);
	if (connect(fd, (struct sockaddr *)&place, sizeof place))
		_exit(1);
	nanosleep(&soon, NULL);
	if (write(fd, "x", 1) != 1 || read(fd, &byte, 1) != 0)
		_exit(2);
}

/* accept waits, and so do receives, also those with a time limit, which the kernel never restarts */
static long by_accept(void)
{
	struct timeval limit = {5, 0}, short_limit = {0, WAIT * 1000};
	socklen_t size = sizeof place;
	char byte;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	place = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 1) || getsockname(listener, (struct sockaddr *)&place, &size))
		die("listen");
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	peer(connects);
	burst(file, "main", lines, lines + 60);
	int fd = accept(listener, NULL, NULL);
	burst(file, "main", lines + 60, lines + 120);
	long accepted = fd < 0 ? -errno : 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	burst(file, "main", lines + 120, lines + 180);
	long received = verdict(recv(fd, &byte, 1, 0), 1, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &short_limit, sizeof short_limit);
	burst(file, "main", lines + 180, lines + 240);
	lines += 240;
	long timed_out = verdict(recv(fd, &byte, 1, 0), -1, EAGAIN);
	close(fd);
	close(listener);
	int ended = peer_ended();
	return accepted ? accepted : received ? received : timed_out ? timed_out : !ended;
}

static void accepts(void)
{
	int fds[8];
	/* the queue is full until we take from it */
	for (int i = 0; i < 3; i++) {
		nanosleep(&soon, NULL);
		fds[i] = accept(listener, NULL, NULL);
	}
	usleep(1000);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static long by_connect(void)
{
	char path[108];
	struct { sa_family_t family; char path[108]; } local = {AF_UNIX, ""};
	long got = 0;

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(path, sizeof path, "%s.socket", who);
	strcpy(local.path, path);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&local, sizeof local) || listen(listener, 0))
		die("listen");
	peer(accepts);
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		burst(file, "main", lines, lines + 60);
		lines += 60;
		long now = verdict(connect(fd, (struct sockaddr *)&local, sizeof local), 0, 0);
		got = got ? got : now;
		/* left open: the place in the queue stays taken */
	}
	close(listener);
	unlink(path);
	return got || !peer_ended();
}

static int lock_fd;

static void holds_locks(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int own = open("locked", O_RDWR);
	flock(own, LOCK_EX);
	fcntl(own, F_SETLK, &lock);
	if (write(from_peer[1], "l", 1) != 1)
		_exit(1);
	nanosleep(&soon, NULL);
	flock(own, LOCK_UN);
	nanosleep(&soon, NULL);
}

static long by_locks(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	char byte;

	lock_fd = open("locked", O_RDWR | O_CREAT, 0600);
	if (pipe(from_peer))
		die("pipe");
	peer(holds_locks);
	if (read(from_peer[0], &byte, 1) != 1)
		die("read");
	burst(file, "main", lines, lines + 60);
	long one = verdict(flock(lock_fd, LOCK_EX), 0, 0);
	burst(file, "main", lines + 60, lines + 120);
	lines += 120;
	long two = verdict(fcntl(lock_fd, F_SETLKW, &lock), 0, 0);
	close(lock_fd), close(from_peer[0]), close(from_peer[1]);
	unlink("locked");
	return one ? one : two ? two : !peer_ended();
}

static char fifo[64];

static void opens_fifo(void)
{
	nanosleep(&soon, NULL);
	close(open(fifo, O_WRONLY));
}

static long by_fifo(void)
{
	snprintf(fifo, sizeof fifo, "%s.fifo", who);
	mkfifo(fifo, 0600);
	peer(opens_fifo);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	int fd = open(fifo, O_RDONLY);
	long got = fd < 0 ? -errno : 0;
	close(fd);
	unlink(fifo);
	return got || !peer_ended();
}

static void sleeps(void)
{
	nanosleep(&soon, NULL);
}

static long by_wait(void)
{
	siginfo_t info;
	peer(sleeps);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	long got = verdict(waitid(P_PID, peer_pid, &info, WEXITED | WNOWAIT), 0, 0);
	return got || !peer_ended();
}

static long by_timerfd(void)
{
	struct itimerspec time = {{0, 0}, soon};
	unsigned long long count;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &time, NULL);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	long got = verdict(read(fd, &count, 8), 8, 0);
	close(fd);
	return got;
}

static void touches(void)
{
	nanosleep(&soon, NULL);
	close(open("touched", O_WRONLY | O_CREAT, 0600));
	unlink("touched");
}

static long by_inotify(void)
{
	char events[4096];
	int fd = inotify_init1(0);
	if (fd < 0 || inotify_add_watch(fd, ".", IN_CREATE) < 0)
		return 0;
	peer(touches);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	long got = read(fd, events, sizeof events);
	close(fd);
	return got > 0 ? !peer_ended() : -errno;
}

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static long by_pause(void)
{
	struct itimerval once = {{0, 0}, {0, WAIT * 1000}};
	sigset_t alarm_only, old;

	/* the mask keeps the alarm from coming before pause waits */
	alarms = 0;
	signal(SIGALRM, on_alarm);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_only, &old);
	setitimer(ITIMER_REAL, &once, NULL);
	burst(file, "main", lines, lines + 60);
	lines += 60;
	sigdelset(&old, SIGALRM);
	sigsuspend(&old);
	int seen = alarms;
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGALRM, SIG_DFL);
	return seen == 1 ? 0 : -seen - 1;
}

#define WAY(name) {#name, by_##name}
static const struct {
	const char *name;
	long (*wait)(void);
} ways[] = {
	WAY(poll), WAY(ppoll), WAY(select), WAY(pselect), WAY(epoll), WAY(nanosleep), WAY(inline_nanosleep), WAY(clock_nanosleep),
	WAY(sem_timedwait), WAY(futex), WAY(sigtimedwait), WAY(semtimedop), WAY(msgrcv), WAY(slow_pipe), {"to_pipe", to_pipe},
	{"to_pipe_by_writev", to_pipe_by_writev}, {"to_pipe_by_pwritev2", to_pipe_by_pwritev2}, {"to_pipe_inline", to_pipe_inline}, {"to_pipe_by_sendfile", to_pipe_by_sendfile},
	{"to_pipe_by_splice", to_pipe_by_splice}, {"to_socket", to_socket}, {"to_socket_by_send", to_socket_by_send}, WAY(accept), WAY(connect),
	WAY(locks), WAY(fifo), WAY(wait), WAY(timerfd), WAY(inotify), WAY(pause),
};

static void all(const void *with)
{
	file = create(with ? "unlimited" : "limited");
	lines = 0;
	for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++) {
		burst(file, "main", lines, lines + 100);
		lines += 100;
		long long began = nanoseconds();
		long said = ways[w].wait();
		long long took = nanoseconds() - began;
		if (said || took < WAIT * 900000LL)
			printf("%s: %ld, after %lld us\n", ways[w].name, said, took / 1000);
		else
			printf("%s: right\n", ways[w].name);
	}
	close(file);
}

int main(void)
{
	struct rlimit none = {0, 0};
	int fd = open("big", O_WRONLY | O_CREAT, 0600);

	if (write(fd, big, BIG) != BIG)
		die("big");
	close(fd);
	in_both(all, "");
	fflush(stdout);
	/* Also for the timer that may be there already. */
	setrlimit(RLIMIT_SIGPENDING, &none);
	who = "limited";
	in_both(all, NULL);
	puts("done");
	return 0;
}
