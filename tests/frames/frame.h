/* What a frame is made of: the functions of snippet.h, the choice of the snippet by the first argument, and the output. A frame calls
 * frame_choose, frame_run where the snippet shall stand, and as the very last thing frame_done. Included once in each frame's program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define UNTOUCHED 0x5eed /* errno before a call */

struct snippet_row {
	const char *name;
	void (*run)(void);
};

extern const struct snippet_row __start_snippet_rows[], __stop_snippet_rows[];

static const struct snippet_row *chosen;
static char noted[16384];
static size_t noted_length;
static unsigned calls;
static int inside;

/* Ends the process at once: the frame itself went wrong. */
static void give_up(const char *why)
{
	dprintf(2, "frame: %s: %s\n", why, strerror(errno));
	_exit(99);
}

static void put(const char *bytes, size_t length)
{
	while (length) {
		ssize_t done = write(1, bytes, length);

		if (done <= 0)
			_exit(98);
		bytes += done;
		length -= (size_t)done;
	}
}

void note(const char *format, ...)
{
	size_t room = sizeof noted - noted_length;
	va_list list;

	va_start(list, format);
	int length = vsnprintf(noted + noted_length, room, format, list);
	va_end(list);
	if (length < 0 || (size_t)length >= room)
		give_up("too much is noted");
	noted_length += (size_t)length;
}

void note_bytes(const char *what, const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	note("%s: \"", what);
	for (size_t i = 0; i < count; i++)
		note(byte[i] >= ' ' && byte[i] < 127 ? "%c" : "\\%03o", byte[i]);
	note("\"\n");
}

/* A mark is a call that the log shows in every variant, and that changes nothing: a file that is not there. */
static void mark(const char *text)
{
	char path[200];

	snprintf(path, sizeof path, "/no/such/folder/%u %s", calls, text);
	if (open(path, O_RDONLY) != -1)
		give_up("a mark has been opened");
}

void call_begins(void)
{
	if (inside)
		give_up("a call in a call");
	inside = 1;
	calls++;
	mark("begins");
	errno = UNTOUCHED;
}

long call_ended(const char *text, long result, int shown)
{
	int error = errno;
	const char *name = result == -1 ? strerrorname_np(error) : "";
	char value[100];

	if (result == -1)
		snprintf(value, sizeof value, "-1 %s", name ? name : "of no name");
	else if (shown)
		snprintf(value, sizeof value, "%ld", result);
	else
		snprintf(value, sizeof value, "fine");
	note("%s = %s%s\n", text, value, result != -1 && error != UNTOUCHED ? ", and errno was touched" : "");
	mark(value);
	inside = 0;
	return result;
}

int file_with(const char *name, const char *content)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content) || lseek(fd, 0, SEEK_SET))
		give_up(name);
	return fd;
}

void note_file(const char *name)
{
	char bytes[1024];
	int fd = open(name, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (length < 0)
		give_up(name);
	note_bytes(name, bytes, (size_t)length);
	close(fd);
}

void socket_pair(int ends[2], int type)
{
	if (socketpair(AF_UNIX, type, 0, ends))
		give_up("socketpair");
}

int socket_at(const char *name, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, name);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof *address))
		give_up(name);
	return fd;
}

/* The first page is never mapped: mmap_min_addr. */
void *nowhere(void)
{
	static volatile uintptr_t address = 8;

	return (void *)address;
}

long unknown(long number)
{
	volatile long same = number;

	return same;
}

void open_signal(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void done_with(int fd)
{
	if (close(fd))
		give_up("close");
}

/* The name stands in the first argument. */
static void frame_choose(int count, char **arguments)
{
	for (const struct snippet_row *row = __start_snippet_rows; row < __stop_snippet_rows; row++)
		if (count > 1 && !strcmp(row->name, arguments[1]))
			chosen = row;
	if (!chosen)
		give_up("no such snippet");
}

static void frame_run(void)
{
	if (!chosen)
		give_up("no snippet was chosen");
	chosen->run();
	note("calls: %u\n", calls);
	put(noted, noted_length);
}

/* The last line, which proves that the frame got to its end. */
static int frame_done(void)
{
	put("done\n", 5);
	return 5;
}
