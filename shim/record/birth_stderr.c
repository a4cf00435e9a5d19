/* Descriptor 2 under the rules of the summary: never wait, never raise, never another file. */
#include "birth_stderr.h"
#include "process.h"
#include "../sys/raw.h"

#include <linux/poll.h>
#include <linux/time_types.h>
#include <asm/stat.h>

#include "../sys/poison.h"

enum { TYPE = 0170000, FIFO = 0010000, SOCKET = 0140000, CHARACTER = 0020000, PIECE = 4096 };
enum { SIGNAL_PIPE = 13, SIGNAL_TTOU = 22, SIGNAL_XFSZ = 25 };
#define BIT(signal) (1ul << ((signal) - 1))

void birth_stderr_remember(void)
{
	struct stat status;

	if (raw_fstat(2, &status) != 0)
		return;
	inherited.birth_known = 1;
	inherited.birth_device = status.st_dev;
	inherited.birth_inode = status.st_ino;
	inherited.birth_type = status.st_mode & TYPE;
}

static int is_as_at_birth(void)
{
	struct stat status;

	return inherited.birth_known && raw_fstat(2, &status) == 0 && status.st_dev == inherited.birth_device &&
	       status.st_ino == inherited.birth_inode;
}

static int has_room(void)
{
	struct pollfd two = {2, POLLOUT, 0};

	if (inherited.birth_type != FIFO && inherited.birth_type != SOCKET && inherited.birth_type != CHARACTER)
		return 1;
	return raw_poll_now(&two) == 1 && (two.revents & POLLOUT) && !(two.revents & (POLLERR | POLLHUP));
}

/* With all signals blocked, what our write raised is pending now and was not before: it is received and forgotten. */
static void take_back(uint64_t pending_before)
{
	uint64_t ours = (BIT(SIGNAL_PIPE) | BIT(SIGNAL_TTOU) | BIT(SIGNAL_XFSZ)) & ~pending_before;
	struct __kernel_timespec now = {0, 0};

	while (RAW(__NR_rt_sigtimedwait, &ours, 0, &now, 8) > 0)
		;
}

int birth_stderr_write(const char *text, size_t size)
{
	uint64_t pending = 0;
	long written = 0;

	if (!is_as_at_birth())
		return -EBADF;
	RAW(__NR_rt_sigpending, &pending, 8);
	while (size) {
		size_t piece = size < PIECE ? size : PIECE;
		if (!has_room()) {
			written = -EAGAIN;
			break;
		}
		written = own_write(RAW(__NR_write, 2, text, piece));
		if (written <= 0)
			break;
		text += written;
		size -= (size_t)written;
	}
	if (written <= 0)
		take_back(pending);
	return size ? (written < 0 ? (int)written : -EIO) : 0;
}

void birth_stderr_complain(const char *const *parts)
{
	char line[512];
	struct text out = {line, line + sizeof line - 1, 0};
	uint64_t mask;

	text_string(&out, "sysshim: ");
	for (; *parts; parts++)
		text_string(&out, *parts);
	/* Values and paths are whatever somebody has put there: none moves a terminal's cursor, or looks like another line. */
	text_quieten(line, (size_t)(out.at - line));
	text_char(&out, '\n');
	if (out.cut)
		line[sizeof line - 1 - 1] = '\n';
	block_signals(&mask);
	birth_stderr_write(line, (size_t)(out.at - line));
	unblock_signals(&mask);
}
