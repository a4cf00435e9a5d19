#!/bin/bash
# timeout: 200
# A signal that comes while what is buffered is written, or a line is logged, on behalf of a call that waits ends that call, as it would natively: whoever looks at
# what his handlers have set and then waits (rsync) would else wait for ever. strace makes our write, or our log, slow, so that it comes just then; a process
# that nobody observes sends it. Each call's result is the native one, also of those that would not have waited.
set -u
. "$SRC/tests/lib/lib.sh"

cat >waits.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8, LONG = 1 /* seconds; nobody waits so long who is interrupted */ };

static int file, never[2], now[2], later, epoll_never, epoll_now, listening, pair[2], locked, queue;
static volatile int handled;
static pid_t sleeper;

static void handle(int number)
{
	(void)number;
	handled++;
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
/* The handler restarts these: what they wait for comes later. */
static long do_read_later(void) { char c; return read(later, &c, 1); }

static const struct {
	const char *name;
	long (*call)(void);
	int flags;
} calls[] = {
	{"poll", do_poll, 0}, {"poll, SA_RESTART", do_poll, SA_RESTART}, {"poll, ready", do_poll_ready, 0}, {"poll, no time", do_poll_zero, 0},
	{"ppoll", do_ppoll, 0}, {"select", do_select, 0}, {"raw select", do_raw_select, SA_RESTART}, {"pselect", do_pselect, 0}, {"select, ready", do_select_ready, 0},
	{"epoll_wait", do_epoll, 0}, {"epoll_wait, ready", do_epoll_ready, 0}, {"epoll_wait, no time", do_epoll_zero, 0},
	{"pause", do_pause, SA_RESTART}, {"raw pause", do_raw_pause, 0}, {"nanosleep", do_nanosleep, SA_RESTART}, {"sleep", do_sleep, SA_RESTART},
	{"nanosleep, bad time", do_nanosleep_bad, 0}, {"clock_nanosleep", do_clock_nanosleep, 0}, {"clock_nanosleep until", do_clock_nanosleep_until, 0},
	{"wait4", do_wait4, 0}, {"waitid", do_waitid, 0}, {"read", do_read, 0}, {"read, ready", do_read_ready, 0}, {"read, file", do_read_file, 0},
	{"recv", do_recv, 0}, {"recv, MSG_DONTWAIT", do_recv_dontwait, 0}, {"recvmsg", do_recvmsg, 0}, {"accept", do_accept, 0},
	{"read, SA_RESTART", do_read_later, SA_RESTART}, {"ppoll, mask", do_ppoll_mask, 0}, {"pselect, mask", do_pselect_mask, 0}, {"pselect, mask, ready", do_pselect_mask_ready, 0},
	{"epoll_pwait, mask", do_epoll_mask, 0}, {"sigsuspend", do_sigsuspend, SA_RESTART}, {"sigtimedwait", do_sigtimedwait, SA_RESTART},
	{"flock", do_flock, 0}, {"flock, LOCK_NB", do_flock_now, 0}, {"flock, free", do_flock_free, 0}, {"fcntl", do_fcntl, 0}, {"fcntl, free", do_fcntl_free, 0},
	{"msgrcv", do_msgrcv, SA_RESTART}, {"poll, one shot", do_poll, SA_RESETHAND},
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
		for (int turn = 0; turn < 1000 && log && size_of(log) == logged; turn++)
			usleep(1000);
		usleep(delay * 1000);
		kill(to, SIGUSR1);
		usleep(20000);
		if (write(fifo, "x", 1) != 1)
			return 1;
	}
	return 0;
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
	sigemptyset(&everything);
	queue = msgget(IPC_PRIVATE, 0600);
	locked = open("locked", O_RDWR | O_CREAT, 0600);
	sleeper = fork();
	if (sleeper == 0) {
		struct flock lock = {.l_type = F_WRLCK};
		int own = open("locked", O_RDWR);
		if (flock(own, LOCK_EX) || fcntl(own, F_SETLK, &lock))
			_exit(1);
		close(now[0]);
		pause();
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct sigaction action = {.sa_handler = handle, .sa_flags = calls[i].flags};
		char drained;

		sigaction(SIGUSR1, &action, NULL);
		handled = 0;
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
	return 0;
}
C
cc -O1 -o waits waits.c || fail "it does not compile"

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
	timeout 60 ../waits "$lines" "$delay" "$(cat pid)" ${log:+"$log.$(cat pid)"} || fail "$folder: it hangs behind: $(tail -n 1 out)"
	wait $runner || fail "$folder: exit status $?: $(tail -n 3 err)"
	cd ..
}

delayed() {
	strace -f -o strace.out -e trace="$1" -e inject="$1:delay_exit=$2" "${@:3}"
}

run native 1 50
[ "$(grep -c ', handled 1$' native/out)" -ge 41 ] || fail "natively: $(cat native/out)"

# A batch is there, and its write has not come back yet. (A handler with SA_RESETHAND lets go of batches.)
shimmed="SYSSHIM_LOG=off SYSSHIM_BURST=1 SYSSHIM_LATENCY_MS=1000 LD_PRELOAD=$SHIM" run batch 20 0 delayed write 50000
grep -q '^  coalesced: .* -> 41 batches' batch/err || fail "batches: $(grep coalesced batch/err)"
diff <(grep -v 'one shot' native/out) <(grep -v 'one shot' batch/out) || fail "behind a batch"

# It is there, and the timer that bounds its age is not stopped yet.
shimmed="SYSSHIM_LOG=off SYSSHIM_BURST=1 SYSSHIM_LATENCY_MS=1000 LD_PRELOAD=$SHIM" run timer 20 0 delayed timer_settime 50000
diff <(grep -v 'one shot' native/out) <(grep -v 'one shot' timer/out) || fail "behind the timer"

# The log has room for the line that says what it waits for.
log=$PWD/log shimmed="SYSSHIM_LOG=$PWD/log.%p SYSSHIM_TRACE=!write SYSSHIM_BURST=4096 LD_PRELOAD=$SHIM" run text 1 0 delayed truncate 100000
grep -q DELAYED text/strace.out || fail "no line was slow"
diff native/out text/out || fail "behind a line of the log"

# Room for records is made in front of a call that waits: the file has grown, and its pages are not there yet. A signal that comes then is lost when the poll has
# waited to its end behind it.
cat >polls.c <<'C'
#include <poll.h>
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

int main(void)
{
	int never[2], lost = 0;
	struct sigaction action = {.sa_handler = handle};

	sigaction(SIGUSR1, &action, NULL);
	if (pipe(never))
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
cc -O1 -o polls polls.c || fail "it does not compile"
mkdir recording
strace -f -o strace.out -e trace=madvise -e inject=madvise:delay_exit=50000 sh -c 'echo $$ >number; mv number pid; exec "$@"' sh \
	env SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off LD_PRELOAD="$SHIM" ./polls >out 2>err &
runner=$!
until [ -s pid ]; do sleep 0.01; done
size=
while kill -0 "$(cat pid)" 2>/dev/null; do
	now=$(stat -c %s recording/*.rec 2>/dev/null)
	# not the first growth: that is the program's birth
	[ "${size:-0}" -lt 10000 ] || [ "${now:-0}" -le "$size" ] || kill -USR1 "$(cat pid)" 2>/dev/null
	size=$now
done
wait $runner || fail "polls: exit status $?: $(tail -n 3 err)"
read -r handled lost <out
[ "$handled" -ge 2 ] && [ $((lost * 2)) -lt "$handled" ] || fail "$handled signals came while room was made, $lost were lost"
