#!/bin/bash
# timeout: 400
# A signal that comes while what is buffered is written, or a line is logged, on behalf of a call that waits ends that call, as it would natively: whoever looks at
# what his handlers have set and then waits (rsync) would else wait for ever. strace makes our write, or our log, slow, so that it comes just then; a process
# that nobody observes sends it. Each call's result is the native one, also of those that would not have waited.
set -u
. "$SRC/tests/lib/lib.sh"

cat >waits.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8, LONG = 1 /* seconds; nobody waits so long who is interrupted */, SHORT = 200 /* ms; who is not interrupted */ };

static int file, never[2], now[2], later, epoll_never, epoll_now, listening, pair[2], parts[2], locked, queue, terminal, semaphores, events;
static volatile int handled, woken;
static sem_t semaphore;
static mqd_t messages;
static pid_t sleeper;

static void handle(int number)
{
	(void)number;
	handled++;
}

static void handle_and_reset(int number)
{
	handled++;
	signal(number, SIG_DFL);
}

static void handle_and_ignore(int number)
{
	handled++;
	signal(number, SIG_IGN);
}

static void wake(int number)
{
	(void)number;
	woken++;
}

/* Each waits for what does not come, but where its name says so. */
static long do_poll(void) { struct pollfd p = {never[0], POLLIN, 0}; return poll(&p, 1, LONG * 1000); }
static long do_poll_ready(void) { struct pollfd p = {now[0], POLLIN, 0}; return poll(&p, 1, LONG * 1000) * 10 + (p.revents == POLLIN); }
static long do_poll_zero(void) { struct pollfd p = {never[0], POLLIN, 0}; return poll(&p, 1, 0); }
static long do_ppoll(void) { struct pollfd p = {never[0], POLLIN, 0}; struct timespec t = {LONG, 0}; return ppoll(&p, 1, &t, NULL); }
static long selects(int fd, int (*by)(int, fd_set *))
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	long result = by(fd + 1, &set);
	return result < 0 && !FD_ISSET(fd, &set) ? -100 : result; /* an interrupted one leaves its sets alone */
}
static int by_select(int n, fd_set *set) { struct timeval t = {LONG, 0}; return select(n, set, NULL, NULL, &t); }
static int by_raw_select(int n, fd_set *set) { struct timeval t = {LONG, 0}; return (int)syscall(SYS_select, n, set, NULL, NULL, &t); }
static int by_pselect(int n, fd_set *set) { struct timespec t = {LONG, 0}; return pselect(n, set, NULL, NULL, &t, NULL); }
static long do_select(void) { return selects(never[0], by_select); }
static long do_raw_select(void) { return selects(never[0], by_raw_select); }
static long do_pselect(void) { return selects(never[0], by_pselect); }
static long do_select_ready(void) { return selects(now[0], by_select); }
static long do_epoll(void) { struct epoll_event e; return epoll_wait(epoll_never, &e, 1, LONG * 1000); }
static long do_epoll_ready(void) { struct epoll_event e = {0}; return epoll_wait(epoll_now, &e, 1, LONG * 1000) * 1000 + e.data.fd; }
static long do_epoll_zero(void) { struct epoll_event e; return epoll_wait(epoll_never, &e, 1, 0); }
static long do_pause(void) { return pause(); }
static long do_raw_pause(void) { return syscall(SYS_pause); }
static long do_nanosleep(void)
{
	struct timespec t = {LONG, 1}, rest = {-1, -1};
	long result = nanosleep(&t, &rest);
	return result < 0 && (rest.tv_sec < 0 || rest.tv_sec > LONG) ? -100 : result;
}
static long do_sleep(void) { return sleep(LONG + 1) > 0; }
static long do_nanosleep_bad(void) { struct timespec t = {LONG, -1}; return syscall(SYS_nanosleep, &t, NULL); }
static long do_clock_nanosleep(void) { struct timespec t = {LONG, 0}; return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL); }
static long do_clock_nanosleep_until(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += LONG;
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}
static long do_wait4(void) { int status; return wait4(sleeper, &status, 0, NULL); }
static long do_waitid(void) { siginfo_t info; return waitid(P_PID, (id_t)sleeper, &info, WEXITED); }
static long do_waitid_pidfd(void)
{
	siginfo_t info;
	int fd = (int)syscall(SYS_pidfd_open, sleeper, O_NONBLOCK);
	long result = waitid(3 /* P_PIDFD */, (id_t)fd, &info, WEXITED);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}
static long do_read(void) { char c; return read(never[0], &c, 1); }
static long do_read_ready(void) { char c; return read(now[0], &c, 0 + 1) == 1 && write(now[1], "x", 1) == 1; }
static long do_read_file(void) { char c; return pread(file, &c, 1, 0) * 10 + read(file, &c, 1); }
static long do_recv(void) { char c; return recv(pair[0], &c, 1, 0); }
static long do_recv_dontwait(void) { char c; return recv(pair[0], &c, 1, MSG_DONTWAIT); }
static long do_recvmsg(void) { char c; struct iovec v = {&c, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}; return recvmsg(pair[0], &m, 0); }
static long do_accept(void) { return accept(listening, NULL, NULL); }
/* With a mask that lets everything in, as without one. */
static sigset_t everything;
static long do_ppoll_mask(void) { struct pollfd p = {never[0], POLLIN, 0}; struct timespec t = {LONG, 0}; return ppoll(&p, 1, &t, &everything); }
static int by_pselect_mask(int n, fd_set *set) { struct timespec t = {LONG, 0}; return pselect(n, set, NULL, NULL, &t, &everything); }
static long do_pselect_mask(void) { return selects(never[0], by_pselect_mask); }
static long do_pselect_mask_ready(void) { return selects(now[0], by_pselect_mask); }
static long do_epoll_mask(void) { struct epoll_event e; return epoll_pwait(epoll_never, &e, 1, LONG * 1000, &everything); }
static long do_sigsuspend(void) { return sigsuspend(&everything); }
static long do_sigtimedwait(void)
{
	struct timespec t = {LONG, 0};
	sigset_t other;
	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	return sigtimedwait(&other, NULL, &t);
}
static long do_flock(void) { return flock(locked, LOCK_EX); }
static long do_flock_now(void) { return flock(locked, LOCK_EX | LOCK_NB); }
static long do_flock_free(void) { return flock(file, LOCK_EX); }
static long do_fcntl(void) { struct flock l = {.l_type = F_WRLCK}; return fcntl(locked, F_SETLKW, &l); }
static long do_fcntl_free(void) { struct flock l = {.l_type = F_WRLCK}; return fcntl(file, F_SETLKW, &l); }
static long do_msgrcv(void) { struct { long type; char text[8]; } m; return msgrcv(queue, &m, sizeof m.text, 0, 0); }
static long do_msgrcv_now(void) { struct { long type; char text[8]; } m; return msgrcv(queue, &m, sizeof m.text, 0, IPC_NOWAIT); }
/* The call's own mask lets the signal in when it is over. */
static sigset_t without;
static const struct timespec a_while = {0, SHORT * 1000000};
static long do_ppoll_blocked(void) { struct pollfd p = {never[0], POLLIN, 0}; return ppoll(&p, 1, &a_while, &without); }
static int by_pselect_blocked(int n, fd_set *set) { return pselect(n, set, NULL, NULL, &a_while, &without); }
static long do_pselect_blocked(void) { return selects(never[0], by_pselect_blocked) + 1; }
static long do_epoll_blocked(void) { struct epoll_event e; return epoll_pwait(epoll_never, &e, 1, SHORT, &without); }
static long do_sigsuspend_blocked(void)
{
	long result = sigsuspend(&without);
	return result * 10 + woken;
}
/* Those are refused, or come back, at once. */
static char *const nowhere = (char *)-4096;
static long do_poll_bad(void) { return syscall(SYS_poll, 1, 1, LONG * 1000); }
static long do_ppoll_bad(void) { struct pollfd p = {never[0], POLLIN, 0}; struct timespec t = {LONG, 1000000000}; return syscall(SYS_ppoll, &p, 1, &t, NULL, 8); }
static long do_select_bad(void) { struct timeval t = {-1, 0}; return syscall(SYS_select, 0, NULL, NULL, NULL, &t); }
static long do_select_bad_fd(void) { fd_set set; FD_ZERO(&set); FD_SET(40, &set); struct timeval t = {LONG, 0}; return select(41, &set, NULL, NULL, &t); }
static long do_sigtimedwait_bad(void) { sigset_t other; struct timespec t = {LONG, -1}; sigemptyset(&other); return syscall(SYS_rt_sigtimedwait, &other, NULL, &t, 8); }
static long do_clock_bad(void) { struct timespec t = {LONG, 0}; return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &t, NULL); }
static long do_clock_none(void) { struct timespec t = {LONG, 0}; return syscall(SYS_clock_nanosleep, 99, 0, &t, NULL); }
static long do_read_nothing(void) { char c; return read(never[0], &c, 0); }
static long do_readv_nothing(void) { return readv(never[0], NULL, 0); }
static long do_read_write_only(void) { char c; return read(never[1], &c, 1); }
static long do_read_nowhere(void) { return syscall(SYS_read, never[0], nowhere, 1); }
static long do_read_small(void) { char c; return read(events, &c, 1); }
static long do_read_events(void) { uint64_t count; return read(events, &count, sizeof count); }
static long do_read_terminal(void) { char c; return read(terminal, &c, 1); }
static long do_recv_listening(void) { char c; return recv(listening, &c, 1, 0); }
static long do_recv_pipe(void) { char c; return recv(never[0], &c, 1, 0); }
static long do_accept_pair(void) { return accept(pair[0], NULL, NULL); }
static long do_accept_pipe(void) { return accept(never[0], NULL, NULL); }
static long do_accept_flags(void) { return accept4(listening, NULL, NULL, 1); }
static long do_recv_part(void)
{
	char all[8], rest;
	long result = recv(parts[0], all, sizeof all, MSG_WAITALL);
	return result * 10 + recv(parts[0], &rest, 1, MSG_DONTWAIT);
}
static long do_select_many(void)
{
	fd_set set;
	struct timeval t = {LONG, 0};
	FD_ZERO(&set);
	FD_SET(never[0], &set);
	return select(FD_SETSIZE, &set, NULL, NULL, &t);
}
static int futex_word = 1;
static long do_futex(void) { return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 1, NULL, NULL, 0); }
static long do_futex_other(void) { return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 2, NULL, NULL, 0); }
static long do_futex_time(void) { struct timespec t = {LONG, 0}; return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 1, &t, NULL, 0); }
static long do_futex_bad_time(void) { struct timespec t = {LONG, -1}; return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 1, &t, NULL, 0); }
static long do_futex_short(void) { return syscall(SYS_futex, &futex_word, FUTEX_WAIT, 1, &(struct timespec){0, 0}, NULL, 0); }
static long do_sem_wait(void) { return sem_wait(&semaphore); }
static long do_sem_timedwait(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += LONG;
	return sem_timedwait(&semaphore, &t);
}
static long do_sem_timedwait_over(void) { struct timespec t = {1, 0}; return sem_timedwait(&semaphore, &t); }
static long semaphore_take(short flags, struct timespec *t)
{
	struct sembuf take[2] = {{0, 1, 0}, {1, -1, flags}};
	return (t ? semtimedop(semaphores, take, 2, t) : semop(semaphores, take, 2)) * 10 + semctl(semaphores, 0, GETVAL);
}
static long do_semop(void) { return semaphore_take(0, NULL); }
static long do_semop_now(void) { return semaphore_take(IPC_NOWAIT, NULL); }
static long do_semtimedop(void) { struct timespec t = {LONG, 0}; return semaphore_take(0, &t); }
static long do_mq_receive(void) { char text[64]; return mq_receive(messages, text, sizeof text, NULL); }
static long do_mq_timedreceive_over(void) { char text[64]; struct timespec t = {1, 0}; return mq_timedreceive(messages, text, sizeof text, NULL, &t); }
static long do_recvmmsg(void) { char c; struct iovec v = {&c, 1}; struct mmsghdr m = {.msg_hdr = {.msg_iov = &v, .msg_iovlen = 1}}; return recvmmsg(pair[0], &m, 1, 0, NULL); }
/* Sockets that wait for so long only (SO_RCVTIMEO): no handler restarts them. */
static int timed[2], timed_listening;
static long do_read_timed(void) { char c; return read(timed[0], &c, 1); }
static long do_recv_timed(void) { char c; return recv(timed[0], &c, 1, 0); }
static long do_recvmsg_timed(void) { char c; struct iovec v = {&c, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}; return recvmsg(timed[0], &m, 0); }
static long do_accept_timed(void) { return accept(timed_listening, NULL, NULL); }
/* The handler restarts these: what they wait for comes later. */
static long do_read_later(void) { char c; return read(later, &c, 1); }

static const struct {
	const char *name;
	long (*call)(void);
	int flags;
	void (*handler)(int); /* NULL: handle */
} calls[] = {
	{"poll", do_poll, 0}, {"poll, SA_RESTART", do_poll, SA_RESTART}, {"poll, ready", do_poll_ready, 0}, {"poll, no time", do_poll_zero, 0},
	{"ppoll", do_ppoll, 0}, {"select", do_select, 0}, {"raw select", do_raw_select, SA_RESTART}, {"pselect", do_pselect, 0}, {"select, ready", do_select_ready, 0},
	{"epoll_wait", do_epoll, 0}, {"epoll_wait, ready", do_epoll_ready, 0}, {"epoll_wait, no time", do_epoll_zero, 0},
	{"pause", do_pause, SA_RESTART}, {"raw pause", do_raw_pause, 0}, {"nanosleep", do_nanosleep, SA_RESTART}, {"sleep", do_sleep, SA_RESTART},
	{"nanosleep, bad time", do_nanosleep_bad, 0}, {"clock_nanosleep", do_clock_nanosleep, 0}, {"clock_nanosleep until", do_clock_nanosleep_until, 0},
	{"wait4", do_wait4, 0}, {"waitid", do_waitid, 0}, {"waitid, nonblocking", do_waitid_pidfd, 0}, {"read", do_read, 0}, {"read, ready", do_read_ready, 0}, {"read, file", do_read_file, 0},
	{"recv", do_recv, 0}, {"recv, MSG_DONTWAIT", do_recv_dontwait, 0}, {"recvmsg", do_recvmsg, 0}, {"accept", do_accept, 0},
	{"read, SA_RESTART", do_read_later, SA_RESTART}, {"ppoll, mask", do_ppoll_mask, 0}, {"pselect, mask", do_pselect_mask, 0}, {"pselect, mask, ready", do_pselect_mask_ready, 0},
	{"epoll_pwait, mask", do_epoll_mask, 0}, {"sigsuspend", do_sigsuspend, SA_RESTART}, {"sigtimedwait", do_sigtimedwait, SA_RESTART},
	{"flock", do_flock, 0}, {"flock, LOCK_NB", do_flock_now, 0}, {"flock, free", do_flock_free, 0}, {"fcntl", do_fcntl, 0}, {"fcntl, free", do_fcntl_free, 0},
	{"msgrcv", do_msgrcv, SA_RESTART}, {"msgrcv, IPC_NOWAIT", do_msgrcv_now, 0},
	{"ppoll, blocked", do_ppoll_blocked, 0}, {"pselect, blocked", do_pselect_blocked, 0}, {"epoll_pwait, blocked", do_epoll_blocked, 0},
	{"sigsuspend, blocked", do_sigsuspend_blocked, 0},
	{"poll, bad pointer", do_poll_bad, 0}, {"ppoll, bad time", do_ppoll_bad, 0}, {"select, bad time", do_select_bad, 0}, {"select, bad descriptor", do_select_bad_fd, 0},
	{"sigtimedwait, bad time", do_sigtimedwait_bad, 0}, {"clock_nanosleep, coarse", do_clock_bad, 0}, {"clock_nanosleep, no clock", do_clock_none, 0},
	{"read, nothing", do_read_nothing, 0}, {"readv, nothing", do_readv_nothing, 0}, {"read, write only", do_read_write_only, 0}, {"read, nowhere", do_read_nowhere, 0},
	{"read, small", do_read_small, 0}, {"read, events", do_read_events, 0}, {"read, terminal without VMIN", do_read_terminal, 0},
	{"recv, listening", do_recv_listening, 0}, {"recv, pipe", do_recv_pipe, 0}, {"accept, no listener", do_accept_pair, 0}, {"accept, pipe", do_accept_pipe, 0},
	{"accept4, bad flags", do_accept_flags, 0}, {"recv, a part", do_recv_part, 0}, {"select, many", do_select_many, 0},
	{"futex", do_futex, 0}, {"futex, another value", do_futex_other, 0}, {"futex, time", do_futex_time, SA_RESTART}, {"futex, bad time", do_futex_bad_time, 0},
	{"futex, no time", do_futex_short, 0}, {"sem_wait", do_sem_wait, 0}, {"sem_timedwait", do_sem_timedwait, SA_RESTART}, {"sem_timedwait, over", do_sem_timedwait_over, 0},
	{"semop", do_semop, SA_RESTART}, {"semop, IPC_NOWAIT", do_semop_now, 0}, {"semtimedop", do_semtimedop, 0},
	{"mq_receive", do_mq_receive, 0}, {"mq_timedreceive, over", do_mq_timedreceive_over, 0}, {"recvmmsg", do_recvmmsg, 0},
	{"read, time", do_read_timed, SA_RESTART}, {"recv, time", do_recv_timed, SA_RESTART}, {"recvmsg, time", do_recvmsg_timed, SA_RESTART}, {"accept, time", do_accept_timed, SA_RESTART},
	{"poll, handler resets", do_poll, 0, handle_and_reset}, {"read, handler resets", do_read, 0, handle_and_reset}, {"poll, handler ignores", do_poll, 0, handle_and_ignore},
	{"poll, one shot", do_poll, SA_RESETHAND},
};

static off_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_size;
}

/* Another process, which nobody observes: sends the signal when all that was written is there, and where there is a log its next line; and a byte later. */
static int helper(pid_t to, int lines, unsigned delay, const char *log, unsigned rounds)
{
	int fifo = open("fifo", O_WRONLY);
	off_t logged = 0;

	for (unsigned i = 1; i <= rounds; i++) {
		do {
			logged = log ? size_of(log) : 0;
			usleep(1000);
		} while (size_of("file") < (off_t)i * lines * LINE);
		for (int turn = 0; turn < 300 && log && size_of(log) == logged; turn++)
			usleep(1000);
		usleep(delay * 1000);
		kill(to, SIGUSR1);
		usleep(20000);
		if (write(fifo, "x", 1) != 1)
			return 1;
	}
	return 0;
}

static int set_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return 0;
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (tcgetattr(terminal, &raw))
		return 0;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0;
	return tcsetattr(terminal, TCSANOW, &raw) == 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	struct epoll_event event = {.events = EPOLLIN};

	int lines = argc > 1 ? atoi(argv[1]) : 1;

	if (argc > 3)
		return helper(atoi(argv[3]), lines, (unsigned)atoi(argv[2]), argv[4], sizeof calls / sizeof *calls);
	later = open("fifo", O_RDONLY);
	file = open("file", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (pipe(never) || pipe(now) || write(now[1], "x", 1) != 1 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	epoll_never = epoll_create1(0);
	epoll_now = epoll_create1(0);
	event.data.fd = 7;
	epoll_ctl(epoll_never, EPOLL_CTL_ADD, never[0], &event);
	epoll_ctl(epoll_now, EPOLL_CTL_ADD, now[0], &event);
	listening = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink("socket");
	if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 1))
		return 1;
	address.sun_path[0] = 'S';
	unlink(address.sun_path);
	timed_listening = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(timed_listening, (struct sockaddr *)&address, sizeof address) || listen(timed_listening, 1) || socketpair(AF_UNIX, SOCK_STREAM, 0, timed))
		return 1;
	setsockopt(timed[0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){LONG, 0}, sizeof(struct timeval));
	setsockopt(timed_listening, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){LONG, 0}, sizeof(struct timeval));
	sigemptyset(&everything);
	sigemptyset(&without);
	signal(SIGALRM, wake);
	sigaddset(&without, SIGUSR1);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphores = semget(IPC_PRIVATE, 2, 0600);
	sem_init(&semaphore, 0, 0);
	messages = mq_open("/waits", O_RDWR | O_CREAT, 0600, &(struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 64});
	mq_unlink("/waits");
	events = eventfd(0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, parts) || write(parts[1], "abc", 3) != 3 || messages == (mqd_t)-1 || !set_terminal())
		return 1;
	locked = open("locked", O_RDWR | O_CREAT, 0600);
	sleeper = fork();
	if (sleeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct flock lock = {.l_type = F_WRLCK};
		int own = open("locked", O_RDWR);
		if (flock(own, LOCK_EX) || fcntl(own, F_SETLK, &lock))
			_exit(1);
		close(now[0]);
		pause();
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct sigaction action = {.sa_handler = calls[i].handler ? calls[i].handler : handle, .sa_flags = calls[i].flags};
		char drained;

		sigaction(SIGUSR1, &action, NULL);
		handled = woken = 0;
		if (calls[i].call == do_sigsuspend_blocked)
			setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 2 * SHORT * 1000}}, NULL);
		for (int line = 0; line < lines; line++)
			if (write(file, "1234567\n", LINE) != LINE)
				return 1;
		errno = 0;
		long result = calls[i].call();
		int error = errno;
		while (strcmp(calls[i].name, "read, SA_RESTART") && read(later, &drained, 1) != 1)
			if (errno != EINTR)
				return 1;
		dprintf(1, "%s: %ld %s, handled %d\n", calls[i].name, result, error ? strerrorname_np(error) : "-", handled);
	}
	kill(sleeper, SIGKILL);
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	return 0;
}
C
cc -O1 -o waits waits.c -lrt -pthread || fail "it does not compile"

# run FOLDER LINES DELAY COMMAND...: a signal DELAY ms behind each last line, of LINES
run() {
	local folder=$1 lines=$2 delay=$3 runner tries=0
	shift 3
	mkdir "$folder"
	cd "$folder"
	mkfifo fifo
	"$@" sh -c 'echo $$ >number; mv number pid; exec "$@"' sh env ${shimmed:-} ../waits "$lines" >out 2>err &
	runner=$!
	until [ -s pid ] || [ $((tries++)) -gt 1000 ]; do sleep 0.01; done
	timeout 120 ../waits "$lines" "$delay" "$(cat pid)" ${log:+"$log.$(cat pid)"} || fail "$folder: it hangs behind: $(tail -n 1 out)"
	wait $runner || fail "$folder: exit status $?: $(tail -n 3 err)"
	cd ..
}

delayed() {
	strace -f -o strace.out -e trace="$1" -e inject="$1:delay_exit=$2" "${@:3}"
}

run native 1 50
[ "$(grep -c ', handled 1$' native/out)" -ge 90 ] || fail "natively: $(cat native/out)"

# A batch is there, and its write has not come back yet. (A handler with SA_RESETHAND lets go of batches.)
shimmed="SYSSHIM_LOG=off SYSSHIM_BURST=1 SYSSHIM_LATENCY_MS=1000 LD_PRELOAD=$SHIM" run batch 20 0 delayed write 50000
grep -q '^  coalesced: .* -> 89 batches' batch/err || fail "batches: $(grep coalesced batch/err)"
diff <(grep -v 'one shot' native/out) <(grep -v 'one shot' batch/out) || fail "behind a batch"

# It is there, and the timer that bounds its age is not stopped yet.
shimmed="SYSSHIM_LOG=off SYSSHIM_BURST=1 SYSSHIM_LATENCY_MS=1000 LD_PRELOAD=$SHIM" run timer 20 0 delayed timer_settime 50000
diff <(grep -v 'one shot' native/out) <(grep -v 'one shot' timer/out) || fail "behind the timer"

# The log has room for the line that says what it waits for.
log=$PWD/log shimmed="SYSSHIM_LOG=$PWD/log.%p SYSSHIM_TRACE=!write SYSSHIM_BURST=4096 LD_PRELOAD=$SHIM" run text 1 0 delayed pwrite64 60000:when=60+
grep -q DELAYED text/strace.out || fail "no line was slow"
diff native/out text/out || fail "behind a line of the log"

# Room for records is made in front of a call that waits: the file has grown, and its pages are not there yet. A signal that comes then is lost when the poll has
# waited to its end behind it.
cat >polls.c <<'C'
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WAIT = 10 /* ms */ };

static volatile int handled;
static volatile double at;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void handle(int number)
{
	(void)number;
	handled++;
	at = now();
}

static void *sleeps(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

/* Another one, who blocks all signals. */
static int start_thread(void)
{
	pthread_t thread;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	return pthread_create(&thread, NULL, sleeps, NULL) == 0 && pthread_sigmask(SIG_SETMASK, &old, NULL) == 0;
}

int main(int argc, char **argv)
{
	int never[2], lost = 0;
	struct sigaction action = {.sa_handler = handle};

	(void)argv;
	sigaction(SIGUSR1, &action, NULL);
	if (pipe(never) || (argc > 1 && !start_thread()))
		return 1;
	for (int i = 0; i < 900; i++) {
		struct pollfd p = {never[0], POLLIN, 0};
		int before = handled;

		lost += poll(&p, 1, WAIT) == 0 && handled > before && now() - at > WAIT * 0.9;
	}
	printf("%d %d\n", handled, lost);
	return 0;
}
C
cc -O1 -o polls polls.c -pthread || fail "it does not compile"
# room_is_made FOLDER ARGUMENTS...
room_is_made() {
	local folder=$1 runner size='' now handled lost
	shift
	mkdir "$folder"
	strace -f -o strace.out -e trace=madvise -e inject=madvise:delay_exit=50000 sh -c 'echo $$ >number; mv number pid; exec "$@"' sh \
		env SYSSHIM_LOG="$PWD/$folder" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off LD_PRELOAD="$SHIM" ./polls "$@" >out 2>err &
	runner=$!
	until [ -s pid ]; do sleep 0.01; done
	while kill -0 "$(cat pid)" 2>/dev/null; do
		now=$(stat -c %s "$folder"/*.rec 2>/dev/null)
		# not the first growth: that is the program's birth
		[ "${size:-0}" -lt 10000 ] || [ "${now:-0}" -le "$size" ] || kill -USR1 "$(cat pid)" 2>/dev/null
		size=$now
	done
	rm pid
	wait $runner || fail "polls: exit status $?: $(tail -n 3 err)"
	read -r handled lost <out
	[ "$handled" -ge 2 ] && [ $((lost * 2)) -lt "$handled" ] || fail "$folder: $handled signals came while room was made, $lost were lost"
}
room_is_made recording
room_is_made threads t
