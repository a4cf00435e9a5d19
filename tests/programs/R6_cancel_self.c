/* The only thread asks for its own cancellation in the middle of a burst: its next write does not happen, natively because write looks for that
 * before it enters the kernel. One that is gathered never looks. Disabled, the burst goes on; enabled again it ends there. Where write is
 * not asked (a raw syscall()) the bytes are written. */
/* cc: -fexceptions */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { BY_WRITE, BY_WRITEV, BY_STDIO, BY_SYSCALL, DISABLED, TESTED, WAYS };
static const char *const ways[] = {"write", "writev", "stdio", "syscall", "disabled", "tested"};

static int file;

static void says(void *what)
{
	/* the cleanup handler's own burst comes behind all that was written before */
	burst(file, what, 0, 30);
}

static void cancel_self(int way)
{
	FILE *stream = fdopen(dup(file), "w");
	struct iovec parts[2] = {{"ne", 2}, {"ver\n", 4}};

	pthread_cleanup_push(says, "cleanup");
	burst(file, "before", 0, 60);
	if (way == DISABLED)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	switch (way) {
	case BY_WRITE:
		write(file, "never\n", 6);
		break;
	case BY_WRITEV:
		writev(file, parts, 2);
		break;
	case BY_STDIO:
		/* stdio's own write is no point of cancellation before glibc 2.41's, so the line is there or not: what counts is what follows */
		setvbuf(stream, NULL, _IONBF, 0);
		break;
	case BY_SYSCALL:
		for (int i = 0; i < 40; i++)
			syscall(SYS_write, file, "raw\n", 4L);
		break;
	case DISABLED:
		burst(file, "disabled", 0, 60);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		break;
	default:
		break;
	}
	if (way == TESTED)
		pthread_testcancel();
	write(file, "never too\n", 10);
	pthread_cleanup_pop(0);
	_exit(93);
}

static void at_exit(void)
{
	burst(file, "at exit", 0, 30);
}

static void body(const char *who)
{
	for (int way = 0; way < WAYS; way++) {
		file = fresh(who, ways[way], O_WRONLY | O_APPEND);
		/* this process's own burst goes on in the child */
		burst(file, "parent", 0, 60);
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			atexit(at_exit);
			cancel_self(way);
		}
		int status = status_of(child, 20);
		burst(file, "parent", 60, 120);
		printf("  %s: %#x\n", ways[way], status);
		close(file);
	}
}

int main(void)
{
	in_both(body);
	return 0;
}
