/* Descriptors that tell of what is done to others: whoever asks them finds what has been done before, in its order, and nothing that the program has not done itself. */
#include "world.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

/* Numbers that no slot has. A child has its own copies. */
enum { WATCH = 70, EPOLL, SIGNALS_FILE };

static void keep_as(int number, int fd)
{
	if (fd < 0)
		return;
	dup3(fd, number, O_CLOEXEC);
	close(fd);
}

/* Equal events in a row are one, as where nobody has read the first (inotify(7)). */
static void said_events(void)
{
	static char space[1 << 15] __attribute__((aligned(8)));
	unsigned count = 0, hash = 0, one, last = 0;
	ssize_t got;

	while ((got = read(WATCH, space, sizeof space)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const void *)(space + at);
			at += (ssize_t)sizeof *event + event->len;
			one = hash_of(event->name, event->len) ^ event->mask * 2654435761u;
			/* A file without a name has its inode's number. */
			if ((event->len && event->name[0] == '#') || (count && one == last))
				continue;
			count++;
			hash = hash * 31 + one;
			last = one;
			if (world.verbose)
				say("  %#x %s", event->mask, event->len ? event->name : "");
		}
	say("watched folder: %u events, %08x, %d", count, hash, got < 0 ? -errno : 0);
}

void perform_watch(const int32_t *a)
{
	if (a[0] % 3 == 0) {
		keep_as(WATCH, inotify_init1(IN_NONBLOCK));
		say("watch: %d", inotify_add_watch(WATCH, ".", IN_ALL_EVENTS) < 0 ? -errno : 0);
	} else {
		said_events();
	}
}

void perform_epoll(const int32_t *a)
{
	struct epoll_event events[16], one = {.events = EPOLLIN | (a[1] & 8 ? EPOLLET : 0) | (a[1] & 16 ? EPOLLONESHOT : 0), .data.fd = slot_number(a[0])};
	int count;

	switch (a[1] % 4) {
	case 0:
		keep_as(EPOLL, epoll_create1(0));
		/* fall through */
	case 1:
		say("epoll_ctl(%d) = %d", one.data.fd, epoll_ctl(EPOLL, EPOLL_CTL_ADD, one.data.fd, &one) ? -errno : 0);
		break;
	default:
		count = epoll_wait(EPOLL, events, 16, 0);
		say("epoll_wait = %d", count < 0 ? -errno : count);
		for (int i = 0; i < count; i++)
			say("  %d: %#x", events[i].data.fd, events[i].events & EPOLLIN);
	}
}

/* A blocked signal is read from a file. */
void perform_signal_file(const int32_t *a)
{
	static const int signals[] = {SIGUSR1, SIGUSR2, SIGWINCH, SIGHUP};
	struct signalfd_siginfo info;
	sigset_t set;

	if (a[0] % 3 == 0) {
		sigemptyset(&set);
		sigaddset(&set, signals[(unsigned)a[0] / 4 % 4]);
		sigprocmask(SIG_BLOCK, &set, NULL);
		keep_as(SIGNALS_FILE, signalfd(-1, &set, SFD_NONBLOCK));
		raise(signals[(unsigned)a[0] / 4 % 4]);
	}
	ssize_t got = read(SIGNALS_FILE, &info, sizeof info);
	say("signalfd: %zd, %u", got < 0 ? -errno : got, got > 0 ? info.ssi_signo : 0);
}

/* What is no file of a disk, and what only looks like one. */
void perform_special(const int32_t *a)
{
	static const char *const paths[] = {"/dev/null", "/dev/zero", "/dev/full", "memfd"};
	const char *path = paths[(unsigned)a[1] % 4];
	int fd = path[0] == '/' ? open(path, O_RDWR | O_CLOEXEC) : memfd_create("adversary", 0);

	say("open(%s) = %d", path, fd < 0 ? -errno : fd);
	if (fd >= 0)
		slot_opened(a[0], fd);
}

/* A pipe with a name: what went in comes out, and at once. */
void perform_fifo(const int32_t *a)
{
	char space[4096];
	long sum = 0, waits = 0;
	int size = a[1] > 20 ? 20 : (int)a[1];

	unlink("fifo");
	if (mkfifo("fifo", 0600)) {
		say("mkfifo: %d", -errno);
		return;
	}
	int in = open("fifo", O_RDWR), out = open("fifo", O_RDONLY | O_NONBLOCK);
	for (int i = 0; i < a[0]; i++)
		sum += write(in, bytes_to_write((unsigned)size), (size_t)size);
	waits = read(out, space, sizeof space);
	say("fifo: %ld in, %ld out, %08x", sum, waits, hash_of(space, waits > 0 ? (size_t)waits : 0));
	close(in);
	close(out);
	unlink("fifo");
}

static volatile sig_atomic_t told_of;

static void on_told(int signal)
{
	(void)signal;
	told_of++;
}

/* A signal for each write to a pipe whose other end is here: it has come when write returns. */
void perform_told_by_signal(const int32_t *a)
{
	struct sigaction action = {.sa_handler = on_told, .sa_flags = SA_RESTART}, old;
	int fds[2], late = 0, signal = a[1] % 2 ? 45 : SIGIO;

	if (pipe(fds))
		return;
	sigaction(signal, &action, &old);
	told_of = 0;
	if (fcntl(fds[0], F_SETOWN, getpid()) || (signal != SIGIO && fcntl(fds[0], F_SETSIG, signal)) || fcntl(fds[0], F_SETFL, O_ASYNC))
		say("told: %d", -errno);
	for (int i = 0; i < a[0]; i++) {
		late += write(fds[1], "x", 1) != 1;
		late += told_of != i + 1;
	}
	say("told by %d: %d times, %d late", signal, (int)told_of, late);
	fcntl(fds[0], F_SETFL, 0);
	close(fds[0]);
	close(fds[1]);
	sigaction(signal, &old, NULL);
}
